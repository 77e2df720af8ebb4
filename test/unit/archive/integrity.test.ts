import { randomBytes } from 'node:crypto';
import { cp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import type { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { verifyManifest } from '../../../src/archive/integrity/manifest.js';
import { internalsOf } from '../../../src/archive/internals.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { answers, DAY, fill } from './filled.js';
import { archives, filesBelow, sha256, textOf } from './support.js';

const { tempFolder, archiveIn } = archives();
const FACTS = { converterName: 'csv' };

async function filled(directory: string, options = {}) {
  const archive = archiveIn(directory, options);
  return { archive, ids: await fill(archive) };
}

const blobOf = async (archive: ArchiveStorage, id = '') =>
  join(archive.directory, (await archive.get(id))?.archivedPath ?? '');

describe('verify', () => {
  it('names what is flipped, shortened, missing and orphaned, and nothing else', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    expect(await archive.verify()).toEqual({ checked: 12, ok: 12, damaged: [], complete: true });
    const flip = async (path: string, at: number) => {
      const bytes = await readFile(path);
      bytes[bytes.length - at] = (bytes.at(-at) ?? 0) ^ 0x10;
      await writeFile(path, bytes);
    };
    await flip(await blobOf(archive, ids[0]), 12);
    const cut = await blobOf(archive, ids[1]);
    await writeFile(cut, (await readFile(cut)).subarray(0, -20));
    await rm(await blobOf(archive, ids[2]));
    await flip(join(directory, (await archive.get(ids[4] ?? ''))?.reportArchivedPath ?? ''), 12);
    // In the header: the content is sound, and yet the catalog could not be made again from it.
    const header = await blobOf(archive, ids[8]);
    const bytes = await readFile(header);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    await writeFile(header, bytes);
    const orphan = `sources/2026/02/13/20260213T000000.000Z_${'0'.repeat(12)}.csv.gz`;
    await cp(await blobOf(archive, ids[5]), join(directory, orphan));
    const { checked, ok, damaged } = await archive.verify();
    expect({ checked, ok }).toEqual({ checked: 12, ok: 7 });
    expect(damaged.map(({ archiveId, problem }) => [archiveId, problem])).toEqual([
      [ids[0], 'corrupt'],
      [ids[1], 'corrupt'],
      [ids[2], 'missing'],
      [ids[4], 'corrupt'],
      [ids[8], 'corrupt'],
      [`20260213T000000.000Z_${'0'.repeat(12)}`, 'orphan'],
    ]);
  });

  it('reads again before it calls something damaged', async () => {
    const fs = new FaultyFileSystem();
    const { archive } = await filled(join(await tempFolder(), 'archive'), { fs });
    const once = fs.fail({ operation: 'file.read', path: /\.csv\.gz$/, code: 'EIO', times: 1 });
    expect((await archive.verify()).ok).toBe(12);
    expect(once.hits).toBe(1);
    fs.fail({ operation: 'file.read', path: /\.csv\.gz$/, code: 'EIO', times: 2 });
    expect((await archive.verify()).damaged).toMatchObject([{ problem: 'corrupt' }]);
  });

  it('goes on where it was ended, and sees all in parts', async () => {
    const { archive } = await filled(join(await tempFolder(), 'archive'));
    const abort = new AbortController();
    const seen: number[] = [];
    const stopped = await archive.verify({
      signal: abort.signal,
      onProgress: ({ checked, total }) => {
        seen.push(total);
        if (checked === 5) abort.abort();
      },
    });
    expect(stopped).toMatchObject({ checked: 5, complete: false });
    expect(seen).toEqual([12, 12, 12, 12, 12]);
    expect(await archive.verify({ resume: true })).toMatchObject({ checked: 7, complete: true });
    const totals = [];
    for (let part = 0; part < 4; part++) totals.push((await archive.verify({ percent: 30 })).checked);
    expect(totals).toEqual([4, 4, 4, 4]);
  });

  it('reads no faster than it may', async () => {
    const clock = new ManualClock(DAY);
    const { archive, ids } = await filled(join(await tempFolder(), 'archive'), { clock });
    let bytes = 0;
    for (const id of ids) {
      const entry = await archive.get(id);
      if (entry?.sharedWith === null) bytes += entry.compressedSize;
    }
    const rate = bytes / 60;
    const at: number[] = [];
    const from = clock.monotonic();
    const onProgress = (): void => void at.push(clock.monotonic() - from);
    let done = false;
    const result = archive.verify({ maxBytesPerSecond: rate, onProgress }).finally(() => {
      done = true;
    });
    // A minute for what all of it takes, whatever the disk could do: the time of this clock passes for those who wait alone.
    while (!done) await clock.advance(100);
    expect(await result).toMatchObject({ checked: 12, ok: 12, complete: true });
    expect(clock.monotonic() - from).toBeGreaterThanOrEqual(60_000);
    let before = 0;
    for (const [index, id] of ids.entries()) {
      expect(at[index]).toBeGreaterThanOrEqual((before / rate) * 1_000);
      const entry = await archive.get(id);
      if (entry?.sharedWith === null) before += entry.compressedSize;
    }
  });

  it('does not wait any longer when it is ended', async () => {
    const clock = new ManualClock(DAY);
    const { archive } = await filled(join(await tempFolder(), 'archive'), { clock });
    const abort = new AbortController();
    const onProgress = (): void => void setImmediate(() => abort.abort());
    const { signal } = abort;
    // The clock stands still: it would wait for ever.
    expect(await archive.verify({ maxBytesPerSecond: 1, signal, onProgress })).toMatchObject({
      checked: 1,
      complete: false,
    });
  });
});

describe('rebuild', () => {
  it('gives the same answers after the catalog was deleted', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    await archive.pin(ids[3] ?? '', 'evidence');
    await archive.updateConversion(ids[6] ?? '', { deliveredAt: new Date(DAY + 86_400_000), partNumber: 'P 7' });
    const before = await answers(archive);
    expect(before.byText).toHaveLength(3);
    expect(before.bySerial).toEqual([ids[7]]);
    await archive.close();
    for (const name of await readdir(directory)) if (name.startsWith('metadata')) await rm(join(directory, name));
    const again = archiveIn(directory);
    const rebuilt = new Promise(resolve => again.on('rebuilt', resolve));
    expect(await answers(again)).toEqual(before);
    expect(await rebuilt).toMatchObject({ restored: 12, reports: 9, unreadable: [] });
    expect((await again.verify()).ok).toBe(12);
    expect(await again.verifyAuditLog()).toMatchObject({ ok: true });
  });

  it('goes on at the next opening when the process died in the middle of it', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    const before = await answers(archive);
    await archive.close();
    for (const name of await readdir(directory)) if (name.startsWith('metadata')) await rm(join(directory, name));
    const fs = new FaultyFileSystem();
    // The first headers can be read, and then no more.
    fs.fail({ operation: 'open', path: /\.(gz|ref)$/, code: 'EIO', skip: 5 });
    const broken = archiveIn(directory, { fs });
    await expect(broken.open()).rejects.toThrow();
    const copy = join(await tempFolder(), 'archive');
    await cp(directory, copy, { recursive: true, filter: path => !path.endsWith('lock') });
    const again = archiveIn(copy);
    const restored = new Promise<{ restored: number }>(resolve => again.on('rebuilt', resolve));
    expect(await answers(again)).toEqual(before);
    const { restored: count } = await restored;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(ids.length);
    await again.close();
    // And then no more.
    const mended = archiveIn(copy);
    mended.on('rebuilt', () => expect.fail('it was rebuilt again'));
    expect(await answers(mended)).toEqual(before);
  });

  it('brings the originals back from the blobs alone', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    await archive.close();
    for (const name of await readdir(directory)) {
      if (name.startsWith('metadata') || name === 'changes') await rm(join(directory, name), { recursive: true });
    }
    const again = archiveIn(directory);
    expect(await again.count()).toBe(12);
    expect(await textOf(await again.openSource(ids[11] ?? ''))).toBe('the same\n');
    expect(await again.get(ids[2] ?? '')).toMatchObject({
      sourcePath: '/in/UUT 2.csv',
      parameters: { index: 0 },
      status: null,
    });
    expect(await again.readReport(ids[2] ?? '')).toEqual({ index: 2 });
  });

  it('takes up what the catalog does not know, and names what says nothing', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(join(directory, 'a'));
    const other = archiveIn(join(directory, 'b'));
    await other.open();
    const moved = (await archive.get(ids[1] ?? ''))?.archivedPath ?? '';
    await cp(join(directory, 'a/sources'), join(directory, 'b/sources'), { recursive: true });
    await writeFile(join(directory, 'b', `${moved.slice(0, 19)}rubbish.gz`), 'rubbish');
    expect(await other.rebuild()).toMatchObject({ restored: 12, unreadable: ['sources/2026/02/13/rubbish.gz'] });
    expect(await other.rebuild()).toMatchObject({ restored: 0 });
    expect((await other.verify()).ok).toBe(12);
  });

  it('mends a damaged snapshot by itself', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive } = await filled(directory);
    const before = await answers(archive);
    await archive.close();
    const file = await open(join(directory, 'metadata.db'), 'r+');
    const { size } = await file.stat();
    for (let page = 3; page * 4096 < size; page += 4) await file.write(randomBytes(2048), 0, 2048, page * 4096 + 512);
    await file.close();
    const again = archiveIn(directory);
    const damaged: string[] = [];
    again.on('damaged', ({ movedTo }) => damaged.push(movedTo));
    expect(await answers(again)).toEqual(before);
    expect(damaged).toHaveLength(1);
  });
});

describe('rows that a damaged snapshot got wrong', () => {
  const FIFTH = `(select id from entries where name = 'UUT 6.csv')`;
  it.each([
    ['the size of a report', `update entries set report_size = 27 where id = ${FIFTH}`],
    ['the number of reports', `update entries set reports = 19 where id = ${FIFTH}`],
    ['what a report takes on the disk', `update entries set report_stored = report_stored + 16 where id = ${FIFTH}`],
    ['the checksum of a report', `update entries set report_check = x'0011223344556677' where id = ${FIFTH}`],
    ['the second report', `update more_reports set size = size + 16`],
    ['an id', `update entries set key = x'001122334455' where id = ${FIFTH}`],
    ['an id that is empty', `update entries set key = x'' where id = ${FIFTH}`],
    ['an id and a converter that nobody knows', `update entries set key = x'00', setup = 99 where id = ${FIFTH}`],
    ['a checksum', `update entries set sha256 = x'00' where id = ${FIFTH}`],
    ['a folder', `update folders set path = '/on/'`],
    ['a part number', `update parts set number = 'P 9'`],
    ['a converter', `update setups set converter = 'cst' where converter = 'csv'`],
    ['the ending of a name', `update endings set text = '.csf' where text = '.csv'`],
    ['an outcome', `update entries set status = 4, duration_ms = 22, serial = 'SN 9' where id = ${FIFTH}`],
    ['a pin', `update holds set kind = 'pit'`],
    ['the time of a purge', 'update entries set purged_at = purged_at + 4096 where purged_at is not null'],
    ['what a purge freed', 'update purge_history set bytes_freed = bytes_freed + 16'],
    ['a checksum that is cut short', `update entries set sha256 = x'0011' where name = 'UUT 2.csv'`],
    ['a sum', 'update hours set entries = entries + 16'],
  ])('are put right from the blobs and the change log: %s', async (_, sql) => {
    const { directory, before } = await archiveWithAll();
    const SQL = await initSqlJs();
    const database = new SQL.Database(await readFile(join(directory, 'metadata.db')));
    database.run(sql);
    expect(database.getRowsModified()).toBeGreaterThan(0);
    // Its checksum is that of what it was.
    await writeFile(join(directory, 'metadata.db'), database.export());
    database.close();
    const again = archiveIn(directory);
    expect(await everything(again)).toEqual(before);
    expect((await again.verify()).damaged).toEqual([]);
    await again.close();
    const mended = archiveIn(directory);
    expect(await everything(mended)).toEqual(before);
  });

  const everything = async (archive: ArchiveStorage) => {
    const { keeping } = await internalsOf(archive);
    const { entries } = await archive.query({ includePurged: true, limit: 1000 });
    return { ...(await answers(archive)), entries, history: await keeping.purgeHistory(10) };
  };

  async function archiveWithAll() {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    const [first = '', second = '', , fourth = '', , , seventh = ''] = ids;
    await archive.updateConversion(seventh, { partNumber: 'P 7', deliveredAt: new Date(DAY) });
    await archive.archiveReport({ second: true }, seventh);
    await archive.pin(second, 'evidence');
    await archive.updateConversion(first, { deliveredAt: new Date() });
    await archive.updateConversion(fourth, { deliveredAt: new Date() });
    const retention = new RetentionEngine({ archive, gracePeriodMs: 0, reserveBytes: 0 });
    await retention.purge([first, fourth]);
    const before = await everything(archive);
    await archive.close();
    return { directory, before };
  }
});

describe('the audit log', () => {
  it('names the first record that was changed or is missing', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    for (const id of ids.slice(0, 5)) await archive.pin(id);
    const sound = await archive.verifyAuditLog();
    expect(sound).toMatchObject({ ok: true, records: 5, broken: null });
    await archive.close();
    const SQL = await initSqlJs();
    const original = await readFile(join(directory, 'metadata.db'));
    /** With the catalog changed by `sql`, and without the records of these numbers in the copy beside it. */
    const tampered = async (sql: string, ...gone: number[]) => {
      const database = new SQL.Database(Buffer.from(original));
      database.run(sql);
      const copy = join(await tempFolder(), 'archive');
      await cp(directory, copy, { recursive: true });
      await writeFile(join(copy, 'metadata.db'), database.export());
      database.close();
      const lines = (await readFile(join(copy, 'changes/audit.jsonl'), 'utf8')).split('\n');
      const left = lines.filter(line => line !== '' && !gone.includes((JSON.parse(line) as [string, number])[1]));
      await writeFile(join(copy, 'changes/audit.jsonl'), `${left.join('\n')}\n`);
      const again = archiveIn(copy);
      const result = await again.verifyAuditLog();
      await again.close();
      return result;
    };
    const hidden = `update audit_log set subject = 'somebody' where sequence = 3`;
    expect(await tampered(hidden)).toMatchObject({ ok: false, broken: { sequence: 3, problem: 'changed' } });
    const rehashed = `update audit_log set details = null, hash = randomblob(32) where sequence >= 4`;
    expect(await tampered(rehashed)).toMatchObject({ ok: false, broken: { sequence: 4, problem: 'changed' } });
    const taken = 'delete from audit_log where sequence in (2, 4)';
    // The copy beside the catalog brings them back; they are missing where they are taken from that, too.
    expect(await tampered(taken)).toMatchObject({ ok: true, records: 6 });
    expect(await tampered(taken, 2, 4)).toMatchObject({
      ok: false,
      records: 1,
      broken: { sequence: 2, problem: 'missing' },
    });
    const closedUp = 'delete from audit_log where sequence = 2; update audit_log set sequence = 2 where sequence = 3';
    expect(await tampered(closedUp, 2, 3)).toMatchObject({ ok: false, broken: { sequence: 2, problem: 'changed' } });
    const first = 'delete from audit_log where sequence = 1';
    expect(await tampered(first, 1)).toMatchObject({ ok: false, broken: { sequence: 1, problem: 'missing' } });
    // The end is cut off in the catalog: what comes next does not follow.
    const cut = 'delete from audit_log where sequence > 3';
    expect((await tampered(cut, 4)).broken).toMatchObject({ sequence: 4, problem: 'missing' });
    expect(await archiveIn(directory).verifyAuditLog()).toEqual(sound);
  });
});

describe('manifests', () => {
  it('hold every entry, and a hash that tells of any change', async () => {
    const { archive, ids } = await filled(join(await tempFolder(), 'archive'));
    const json = await archive.exportManifest();
    const parsed = JSON.parse(json) as { count: number; entries: { archiveId: string; sha256: string }[] };
    expect(parsed.count).toBe(12);
    expect(parsed.entries.map(entry => entry.archiveId)).toEqual(ids);
    const csv = await archive.exportManifest({ converterName: 'xml' }, { format: 'csv' });
    expect(csv.split('\r\n')).toHaveLength(1 + 4 + 2);
    for (const text of [json, csv]) {
      expect(verifyManifest(text)).toBe(true);
      expect(verifyManifest(text.replace('UUT 3', 'UUT 4'))).toBe(false);
      expect(verifyManifest(text.slice(0, -70))).toBe(false);
    }
    const path = join(archive.directory, '..', 'manifest.csv');
    await archive.writeManifest(path, { status: 'failed' }, { format: 'csv' });
    const written = await readFile(path, 'utf8');
    expect(verifyManifest(written)).toBe(true);
    expect(written).toContain('Limit missing in row 10');
  });
});

describe('metadata.db', () => {
  it('shows the columns of the requirement to any SQLite tool', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    const entry = await archive.get(ids[7] ?? '');
    await archive.close();
    const SQL = await initSqlJs();
    const database = new SQL.Database(await readFile(join(directory, 'metadata.db')));
    const statement = database.prepare('select * from archive_entries where archive_id = ?');
    statement.bind([ids[7] ?? '']);
    statement.step();
    expect(statement.getAsObject()).toMatchObject({
      archive_id: ids[7],
      converter_name: 'csv',
      converter_version: '1.0.0',
      source_path: '/in/UUT 7.csv',
      source_checksum: sha256('the same\n'),
      source_size_bytes: 9,
      archived_path: entry?.archivedPath,
      compressed_size_bytes: entry?.compressedSize,
      conversion_timestamp: '2026-02-13 07:00:00',
      conversion_parameters: '{"index":1}',
      conversion_status: 'SUCCESS',
      conversion_error: null,
      conversion_duration_ms: 7,
      report_id: 'r7',
      report_archived_path: entry?.reportArchivedPath,
      report_size_bytes: 11,
      retention_until: null,
      purged_at: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    });
    statement.free();
    for (const table of ['retention_policies', 'purge_history']) database.exec(`select * from ${table}`);
    database.close();
  });
});

describe('purging', () => {
  it('leaves a tombstone, keeps what others share, and never touches what is held', async () => {
    const directory = join(await tempFolder(), 'archive');
    const { archive, ids } = await filled(directory);
    const retention = new RetentionEngine({ archive, gracePeriodMs: 0, reserveBytes: 0 });
    const [, , , third = '', fourth = '', , , seventh = '', , , , eleventh = ''] = ids;
    for (const id of [third, fourth, seventh, eleventh])
      await archive.updateConversion(id, { deliveredAt: new Date() });
    await archive.pin(fourth);
    expect(await retention.purge([fourth])).toMatchObject({ archivesPurged: 0, skipped: [{ reason: 'pinned' }] });
    const release = await (await internalsOf(archive)).keeping.lease(third);
    expect(await retention.purge([third])).toMatchObject({ archivesPurged: 0, skipped: [{ reason: 'in_use' }] });
    release();
    // 3, 7 and 11 share a blob that 3 brought.
    const before = await archive.statistics();
    const shared = await blobOf(archive, third);
    expect(await retention.purge([third])).toMatchObject({ archivesPurged: 1 });
    expect(await textOf(await archive.openSource(seventh))).toBe('the same\n');
    await expect(archive.openSource(third)).rejects.toMatchObject({ code: 'ARCHIVE_PURGED' });
    expect((await archive.statistics()).storedBytes).toBeLessThan(before.storedBytes);
    await retention.purge([seventh]);
    const last = await retention.purge([eleventh]);
    expect(last.bytesFreed).toBeGreaterThan(100);
    expect((await filesBelow(directory)).filter(path => path.includes(third))).toEqual([]);
    await expect(readFile(shared)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await archive.count()).toBe(9);
    expect(await archive.count({ includePurged: true })).toBe(12);
    expect(await archive.verify()).toMatchObject({ checked: 9, ok: 9, damaged: [] });
    // The same content again is stored anew.
    const fresh = await archive.archiveSource({ path: '/in/new.csv', stream: Readable.from(['the same\n']) }, FACTS);
    expect(await textOf(await archive.openSource(fresh))).toBe('the same\n');
  });
});
