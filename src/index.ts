/** The public face of millrace: everything but the subpaths is exported from here. */
export { type Clock, systemClock, type Timer } from './clock.js';
export { ERROR_CODES, type ErrorCode } from './error-codes.js';
export * from './errors.js';
export { type FileStat, type FileSystem, nodeFileSystem, type OpenFile } from './files/file-system.js';
export type { ErrorEvent } from './observe/emitter.js';
export { type LogFields, type Logger, silentLogger } from './observe/logger.js';
