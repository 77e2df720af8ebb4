/** What users need to test their converters and hosts: `millrace/testing`. */
export type { ConverterInput, InputOptions } from './converter-input.js';
export {
  type FakeBehaviour,
  type FakeReport,
  type FakeRequest,
  FakeServer,
  type FakeServerOptions,
} from './fake-server.js';
export { type ActiveFault, type Fault, FaultyFileSystem, type FileOperation } from './faulty-file-system.js';
export { type FuzzOptions, type FuzzSummary, fuzzConverter } from './fuzz-converter.js';
export { type GoldenOptions, matchGolden } from './golden.js';
export { ManualClock } from './manual-clock.js';
export { type ConverterRun, type ReportOf, type RunConverterOptions, runConverter } from './run-converter.js';
