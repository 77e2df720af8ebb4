/** What users need to test their converters and hosts: `millrace/testing`. */
export {
  type FakeBehaviour,
  type FakeReport,
  type FakeRequest,
  FakeServer,
  type FakeServerOptions,
} from './fake-server.js';
export { type ActiveFault, type Fault, FaultyFileSystem, type FileOperation } from './faulty-file-system.js';
export { ManualClock } from './manual-clock.js';
