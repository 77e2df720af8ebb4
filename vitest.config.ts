import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const dist = (name: string): string => fileURLToPath(new URL(`./dist/${name}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run what is shipped: the package by its name is the build (npm test makes it first).
    alias: [
      { find: /^millrace$/, replacement: dist('index.js') },
      { find: /^millrace\/testing$/, replacement: dist('testing/index.js') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 60_000,
    hookTimeout: 30_000,
    // Two cores: more files at once only make each other's timers late.
    maxWorkers: 2,
    pool: 'forks',
  },
});
