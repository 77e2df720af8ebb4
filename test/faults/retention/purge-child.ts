/** A process that purges until it is done or killed, and prints a line for each step. */
import { writeSync } from 'node:fs';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';

const [directory = ''] = process.argv.slice(2);
const archive = new ArchiveStorage({ directory });
const engine = new RetentionEngine({ archive, gracePeriodMs: 0, chunkSize: 10, maxPerSecond: 2_000 });
engine.on('purged', () => writeSync(1, 'purged\n'));
await archive.open();
writeSync(1, 'begun\n');
await engine.enforce({ converterName: 'csv', retentionDays: 90 });
writeSync(1, 'done\n');
await archive.close();
