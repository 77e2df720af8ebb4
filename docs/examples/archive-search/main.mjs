/** A station that archives what it converts; then: find a unit's original, prove it, get it back, list it all. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ArchiveStorage,
  AsyncConverterPool,
  ConverterBase,
  FileFormatError,
  HttpSubmitter,
  verifyManifest,
} from 'millrace';
import { FakeServer } from 'millrace/testing';

class CsvConverter extends ConverterBase {
  name = 'csv';
  version = '1.2.0';
  supportedExtensions = ['.csv'];

  async convert(source) {
    const [sn, pn, result] = (await source.text()).trim().split(';');
    if (!result) throw new FileFormatError(`Row 1 has no result for ${sn}`);
    return { sn, pn, result };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-archive-'));
const watchFolder = join(root, 'watch');
await mkdir(watchFolder);
const server = await FakeServer.start();
const archive = new ArchiveStorage({ directory: join(root, 'archive') });
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: new HttpSubmitter({ url: server.url }),
  archive,
  // The source goes into the archive, and leaves the watch folder when its copy there was read back and compared.
  converters: [{ converter: new CsvConverter(), watchFolder, postProcess: 'archive' }],
});
await writeFile(join(watchFolder, 'good.csv'), 'SN-1;PART-7;P\n');
await writeFile(join(watchFolder, 'bad.csv'), 'SN-2;PART-7\n');
await pool.start();
await pool.idle();

// Who was SN-1?
const { entries } = await archive.query({ serialNumber: 'SN-1' });
const [unit] = entries;
console.log(`${unit.archiveId}: ${unit.sourcePath}, ${unit.status}, by ${unit.converterName} ${unit.converterVersion}`);
assert.deepEqual(await archive.readReport(unit.archiveId), { sn: 'SN-1', pn: 'PART-7', result: 'P' });

// Its original, as it was.
const restored = await archive.restoreSource(unit.archiveId, join(root, 'restored'));
assert.equal(await readFile(restored, 'utf8'), 'SN-1;PART-7;P\n');

// What failed, by a word of its error.
const failures = await archive.query({ status: 'failed', text: 'result' });
console.log(failures.entries.map(entry => `${entry.sourcePath}: ${entry.error}`).join('\n'));
assert.equal(failures.entries.length, 1);

// All of it is sound, and the list for the auditor proves itself.
const { checked, damaged } = await archive.verify();
assert.deepEqual({ checked, damaged }, { checked: 2, damaged: [] });
assert.ok((await archive.verifyAuditLog()).ok);
const manifest = await archive.exportManifest({}, { format: 'csv' });
assert.ok(verifyManifest(manifest));
console.log(manifest);

await pool.stop();
await archive.close();
await server.stop();
await rm(root, { recursive: true });
