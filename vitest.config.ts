import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const dist = (name: string): string => here(`./dist/${name}`);

export default defineConfig({
  resolve: {
    // Tests run what is shipped: the package by its name is the build (npm test makes it first).
    alias: [
      { find: /^millrace$/, replacement: dist('index.js') },
      { find: /^millrace\/report$/, replacement: dist('report/index.js') },
      { find: /^millrace\/formats$/, replacement: dist('formats/index.js') },
      { find: /^millrace\/testing$/, replacement: dist('testing/index.js') },
      // Unit tests import the source; its worker threads are built from source too, before they run.
      { find: /^.*\/worker-url\.js$/, replacement: here('./test/support/worker-url.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-workers.ts'],
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: process.env.MILLRACE_SOAK === undefined ? 60_000 : 3_600_000,
    hookTimeout: 30_000,
    // Two cores: more files at once only make each other's timers late.
    maxWorkers: 2,
    pool: 'forks',
  },
});
