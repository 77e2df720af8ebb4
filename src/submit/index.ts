/** How reports reach a server. */
export { HttpSubmitter, type HttpSubmitterOptions } from './http-submitter.js';
export type { SubmitContext, SubmitFunction, SubmitResult, Submitter } from './submitter.js';
export { WatsSubmitter, type WatsSubmitterOptions } from './wats-submitter.js';
