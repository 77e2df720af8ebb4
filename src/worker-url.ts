/**
 * Where the workers' programs lie in the built package. This module stays at the root of `src/`: the bundler
 * does not rewrite the expression, so it must resolve from `dist/`.
 */
export const sqliteWorkerUrl = new URL('./workers/sqlite.js', import.meta.url);
export const converterWorkerUrl = new URL('./workers/converter.js', import.meta.url);
