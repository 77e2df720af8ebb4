/** A process that converts an archive again until it is done or killed, and prints a line for each entry. */
import { appendFileSync } from 'node:fs';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { ReprocessingEngine } from '../../../src/archive/reprocessing/reprocessing-engine.js';
import { say } from '../../support/say.js';
import { WordCount } from './word-count.js';

const [directory = '', run = '', output = ''] = process.argv.slice(2);
const archive = new ArchiveStorage({ directory });
const engine = new ReprocessingEngine({ archive, converters: [new WordCount()] });
const result = await engine.reprocessRange({
  converterName: 'words',
  run,
  concurrency: 4,
  onConverted: ({ archiveId, status, reports }) =>
    appendFileSync(output, `${JSON.stringify([archiveId, status, reports])}\n`),
  onProgress: ({ processed }) => say(String(processed)),
});
say(`result ${JSON.stringify(result)}`);
await archive.close();
