import { defineConfig } from 'tsup';

export default defineConfig(options => ({
  entry: {
    index: 'src/index.ts',
    'report/index': 'src/report/index.ts',
    'formats/index': 'src/formats/index.ts',
    'testing/index': 'src/testing/index.ts',
    'workers/sqlite': 'src/workers/sqlite.ts',
    'workers/converter': 'src/workers/converter.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  // Kept, or every import of `node:fs` would be written as `fs`.
  removeNodeProtocol: false,
  // So that the subpaths share one copy of each class.
  splitting: true,
  sourcemap: true,
  clean: true,
  dts:
    options.dts === false
      ? false
      : {
          entry: {
            index: 'src/index.ts',
            'report/index': 'src/report/index.ts',
            'formats/index': 'src/formats/index.ts',
            'testing/index': 'src/testing/index.ts',
          },
        },
  // Small and pure: they are built in, so that users install nothing for them.
  noExternal: ['csv-parse', 'saxes', 'tinyqueue', 'uuid', 'xmlchars'],
}));
