/** A process that purges until it is done or killed, and prints a line for each step. */
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { say } from '../../support/say.js';

const [directory = ''] = process.argv.slice(2);
const archive = new ArchiveStorage({ directory });
const engine = new RetentionEngine({ archive, gracePeriodMs: 0, chunkSize: 10, maxPerSecond: 2_000 });
engine.on('purged', () => say('purged'));
await archive.open();
say('begun');
await engine.enforce({ converterName: 'csv', retentionDays: 90 });
say('done');
await archive.close();
