/** Configuration files. */
export type { Environment } from './environment.js';
export { type LoadConfigOptions, loadConfig } from './load-config.js';
