/** The program of a worker thread or process that converts; the pool library calls its export. */
export { run } from '../converters/isolation/program.js';
