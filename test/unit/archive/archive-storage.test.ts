import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { archives, filesBelow, sha256, sourceFile, textOf } from './support.js';

const { tempFolder, archiveIn, shared } = archives();
const FACTS = { converterName: 'csv', converterVersion: '1.2.0', parameters: { delimiter: ';' } };

async function setUp(options?: { deduplicate: boolean }) {
  const folder = await tempFolder();
  const archive = options ? archiveIn(join(folder, 'archive'), options) : await shared();
  return { folder, archive, out: join(folder, 'out') };
}

describe('archiving a source', () => {
  it('keeps what was given, under the time and a checksum', async () => {
    const { folder, archive } = await setUp();
    const path = await sourceFile(folder, 'UUT 7.csv', 'serial;result\n7;pass\n');
    await utimes(path, new Date(1_770_000_000_000), new Date(1_770_000_000_000));
    const timestamp = new Date('2026-02-13T14:30:22.123Z');
    const id = await archive.archiveSource(path, { ...FACTS, timestamp });
    expect(id).toMatch(/^20260213T143022\.123Z_[0-9a-f]{12}$/);
    expect(await archive.get(id)).toEqual({
      archiveId: id,
      timestamp,
      createdAt: expect.any(Date),
      converterName: 'csv',
      converterVersion: '1.2.0',
      parameters: { delimiter: ';' },
      sourcePath: path,
      sha256: sha256('serial;result\n7;pass\n'),
      size: 21,
      compressedSize: expect.any(Number),
      modifiedAt: new Date(1_770_000_000_000),
      members: null,
      archivedPath: `sources/2026/02/13/${id}.csv.gz`,
      sharedWith: null,
      status: null,
      error: null,
      durationMs: null,
      deliveredAt: null,
      reportId: null,
      reportIds: [],
      serialNumber: null,
      partNumber: null,
      reports: 0,
      reportArchivedPath: null,
      reportSize: null,
      pinned: false,
      held: false,
      purgedAt: null,
    });
    expect(await filesBelow(join(archive.directory, 'sources'))).toContain(`2026/02/13/${id}.csv.gz`);
    expect(await filesBelow(join(archive.directory, 'incoming'))).toEqual([]);
  });

  it('writes files that gunzip reads, with all that is known in the header', async () => {
    const { folder, archive } = await setUp();
    const path = await sourceFile(folder, 'größe.csv', 'a,b\n');
    const id = await archive.archiveSource(path, FACTS);
    const blob = join(archive.directory, (await archive.get(id))?.archivedPath ?? '');
    expect(gunzipSync(await readFile(blob)).toString()).toBe('a,b\n');
    const { stdout } = await promisify(execFile)('gzip', ['-dc', blob]);
    expect(stdout).toBe('a,b\n');
    const header = (await readFile(blob)).toString('latin1');
    expect(header).toContain(`"id":"${id}"`);
    expect(header).toContain('"converter":"csv"');
    expect(header).toContain(sha256('a,b\n'));
  });

  it('streams what is large, and what comes as a stream', async () => {
    const { folder, archive, out } = await setUp();
    const content = Buffer.concat([randomBytes(3_000_000), Buffer.alloc(3_000_000, 'abc'), randomBytes(10)]);
    const path = await sourceFile(folder, 'large.bin', content);
    const fromFile = await archive.archiveSource(path, FACTS);
    const fromStream = await archive.archiveSource(
      { path: '/far/away/x.bin', stream: Readable.from([content]) },
      FACTS,
    );
    for (const id of [fromFile, fromStream]) {
      const restored = await archive.restoreSource(id, out);
      expect(sha256(await readFile(restored))).toBe(sha256(content));
    }
    expect((await archive.get(fromFile))?.size).toBe(content.length);
    expect(await filesBelow(join(archive.directory, 'incoming'))).toEqual([]);
  });

  it('stores the same content once, and gives it back for each', async () => {
    const { folder, archive, out } = await setUp();
    const content = 'the same every time\n'.repeat(100);
    const ids: string[] = [];
    for (const name of ['a.csv', 'b.csv', 'c.csv']) {
      ids.push(
        await archive.archiveSource(await sourceFile(folder, name, content), { ...FACTS, converterName: 'thrice' }),
      );
    }
    const blobs = await filesBelow(join(archive.directory, 'sources'));
    expect(blobs.filter(name => ids.some(id => name.includes(id)) && name.endsWith('.gz'))).toHaveLength(1);
    const totals = await archive.statistics({ converterName: 'thrice' });
    const first = await archive.get(ids[0] ?? '');
    expect(totals).toMatchObject({ entries: 3, bytes: 3 * content.length, storedBytes: first?.compressedSize });
    for (const id of ids) expect(await textOf(await archive.openSource(id))).toBe(content);
    expect(basename(await archive.restoreSource(ids[2] ?? '', out))).toBe('c.csv');
  });

  it('stores each on its own where that is asked for', async () => {
    const { folder, archive } = await setUp({ deduplicate: false });
    for (const name of ['a.csv', 'b.csv']) {
      await archive.archiveSource(await sourceFile(folder, name, 'same'), FACTS);
    }
    expect(await filesBelow(join(archive.directory, 'sources'))).toHaveLength(2);
  });

  it('archives one file once, however often it is told', async () => {
    const { folder, archive } = await setUp();
    const path = await sourceFile(folder, 'a.csv', 'once');
    const facts = { ...FACTS, timestamp: new Date(1_790_000_000_000), correlationId: 'file 7' };
    const first = await archive.archiveSource(path, facts);
    expect(await archive.archiveSource(path, facts)).toBe(first);
    await writeFile(path, 'twice');
    expect(await archive.archiveSource(path, facts)).not.toBe(first);
    expect(await archive.count({ from: facts.timestamp, to: new Date(1_790_000_000_001) })).toBe(2);
  });

  it('archives anew what was purged meanwhile, though it is the same file again', async () => {
    const { folder, archive } = await setUp();
    const path = await sourceFile(folder, 'a.csv', 'forgotten and back');
    const facts = { ...FACTS, timestamp: new Date(1_792_000_000_000), correlationId: 'file 9' };
    const retention = new RetentionEngine({ archive, gracePeriodMs: 0, reserveBytes: 0 });
    const ids = [await archive.archiveSource(path, facts)];
    for (let times = 0; times < 2; times += 1) {
      await archive.updateConversion(ids.at(-1) ?? '', { status: 'success', deliveredAt: new Date() });
      expect(await retention.purge([ids.at(-1) ?? ''])).toMatchObject({ archivesPurged: 1 });
      ids.push(await archive.archiveSource(path, facts));
    }
    expect(new Set(ids).size).toBe(3);
    expect(await archive.archiveSource(path, facts)).toBe(ids[2]);
    expect(await textOf(await archive.openSource(ids[2] ?? ''))).toBe('forgotten and back');
    await expect(archive.openSource(ids[0] ?? '')).rejects.toMatchObject({ code: 'ARCHIVE_PURGED' });
  });

  it('gives thousands of the same millisecond ids of their own', async () => {
    const { archive } = await setUp();
    const timestamp = new Date(1_791_000_000_000);
    const ids = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        archive.archiveSource(
          { path: `/in/${index}.csv`, stream: Readable.from([`${index}`]) },
          { ...FACTS, timestamp },
        ),
      ),
    );
    expect(new Set(ids).size).toBe(300);
    expect(await archive.count({ from: timestamp, to: new Date(timestamp.getTime() + 1) })).toBe(300);
    for (const [index, id] of ids.entries()) expect((await archive.get(id))?.sourcePath).toBe(`/in/${index}.csv`);
  });

  it('keeps a folder as one entry and restores it as a folder', async () => {
    const { folder, archive, out } = await setUp();
    const file = (name: string, content: string) => ({
      name,
      path: join(folder, name),
      size: content.length,
      modifiedAt: new Date(1_780_000_000_000),
      sha256: async () => sha256(content),
      bytes: async () => Buffer.from(content),
      text: async () => content,
      lines: () => Readable.from([content]),
      stream: () => Readable.from([Buffer.from(content)]),
    });
    const files = [file('a.csv', 'alpha'), file('sub/b.txt', 'beta'), file('empty', '')];
    const source = {
      path: '/in/unit-7',
      size: 9,
      modifiedAt: new Date(1_780_000_000_000),
      files,
      bytes: () => Promise.reject(new Error('a folder')),
      stream: () => Readable.from([]),
    };
    const id = await archive.archiveSource(source, FACTS);
    const entry = await archive.get(id);
    expect(entry).toMatchObject({ members: 3, size: 9, archivedPath: expect.stringMatching(/\.set\.gz$/) });
    expect((await archive.openFiles(id)).map(({ name }) => name)).toEqual(['a.csv', 'sub/b.txt', 'empty']);
    await expect(archive.openSource(id)).rejects.toMatchObject({ code: 'SOURCE_IS_FOLDER' });
    for (const name of ['unit-7', 'unit-7_1']) {
      const restored = await archive.restoreSource(id, out);
      expect(restored).toBe(join(out, name));
      expect(await filesBelow(restored)).toEqual(['a.csv', 'empty', 'sub/b.txt']);
      expect(await readFile(join(restored, 'sub/b.txt'), 'utf8')).toBe('beta');
      expect((await stat(join(restored, 'a.csv'))).mtimeMs).toBe(1_780_000_000_000);
    }
  });

  it('names what cannot be: a level, a time, a path that is not there', async () => {
    const { folder, archive } = await setUp();
    const path = await sourceFile(folder, 'a.csv', 'x');
    await expect(
      archive.archiveSource(path, { ...FACTS, converterName: 'nothing', compressionLevel: 10 }),
    ).rejects.toMatchObject({
      code: 'ARCHIVE_FAILED',
    });
    await expect(
      archive.archiveSource(path, { ...FACTS, converterName: 'nothing', timestamp: new Date('x') }),
    ).rejects.toMatchObject({
      code: 'ARCHIVE_FAILED',
    });
    await expect(
      archive.archiveSource(join(folder, 'no'), { ...FACTS, converterName: 'nothing' }),
    ).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await archive.count({ converterName: 'nothing' })).toBe(0);
  });
});

describe('reports and outcomes', () => {
  it('are linked with their source', async () => {
    const { folder, archive, out } = await setUp();
    const id = await archive.archiveSource(await sourceFile(folder, 'a.csv', 'x'), FACTS);
    const deliveredAt = new Date();
    await archive.updateConversion(id, {
      status: 'success',
      durationMs: 41.6,
      deliveredAt,
      reportId: '0b0c7a9e-6b1f-4c7e-9f5a-3a0d6b1c2d3e',
      serialNumber: 'SN-7',
      partNumber: 'PART-1',
    });
    await archive.archiveReport({ sn: 'SN-7' }, id);
    await archive.archiveReport({ sn: 'SN-8' }, id);
    const entry = await archive.get(id);
    expect(entry).toMatchObject({
      status: 'success',
      durationMs: 42,
      deliveredAt,
      reportId: '0b0c7a9e-6b1f-4c7e-9f5a-3a0d6b1c2d3e',
      serialNumber: 'SN-7',
      partNumber: 'PART-1',
      reports: 2,
      reportSize: 13,
    });
    expect(await archive.readReport(id, { position: 1 })).toEqual({ sn: 'SN-8' });
    const restored = await archive.restoreReport(id, out);
    expect(basename(restored)).toBe('a.csv.json');
    expect(JSON.parse(await readFile(restored, 'utf8'))).toEqual({ sn: 'SN-7' });
  });

  it('an error goes when a later status comes without one', async () => {
    const { folder, archive } = await setUp();
    const id = await archive.archiveSource(await sourceFile(folder, 'a.csv', 'x'), FACTS);
    await archive.updateConversion(id, { status: 'failed', error: 'Required field missing: limit' });
    expect(await archive.get(id)).toMatchObject({ status: 'failed', error: 'Required field missing: limit' });
    await archive.updateConversion(id, { status: 'success', reportId: ['7', '8'] });
    expect(await archive.get(id)).toMatchObject({ status: 'success', error: null, reportIds: ['7', '8'] });
  });

  it('are refused for what is not there', async () => {
    const { archive } = await setUp();
    const id = '20260213T143022.123Z_a3f2d9c01b2e';
    await expect(archive.updateConversion(id, { status: 'failed' })).rejects.toMatchObject({ code: 'ARCHIVE_UNKNOWN' });
    await expect(archive.archiveReport({}, id)).rejects.toMatchObject({ code: 'ARCHIVE_UNKNOWN' });
    await expect(archive.openSource('nonsense')).rejects.toMatchObject({ code: 'ARCHIVE_UNKNOWN' });
    expect(await archive.get('nonsense')).toBeUndefined();
  });
});

describe('restoring', () => {
  it('gives the name, the content and the time back, and overwrites nothing', async () => {
    const { folder, archive, out } = await setUp();
    const path = await sourceFile(folder, 'a.csv', 'x');
    await utimes(path, new Date(1_760_000_000_123), new Date(1_760_000_000_123));
    const id = await archive.archiveSource(path, FACTS);
    await mkdir(out);
    await writeFile(join(out, 'a.csv'), 'somebody else');
    const restored = await archive.restoreSource(id, out);
    expect(restored).toBe(join(out, 'a_1.csv'));
    // Node sets times in fractions of a second, which cannot hold every millisecond.
    expect(Math.round((await stat(restored)).mtimeMs)).toBe(1_760_000_000_123);
    expect(await readFile(join(out, 'a.csv'), 'utf8')).toBe('somebody else');
    expect(await filesBelow(out)).toEqual(['a.csv', 'a_1.csv']);
  });

  it('never leads out of the folder, whatever the source was called', async () => {
    const { archive, out } = await setUp();
    for (const path of ['..', 'C:\\in\\..', '/in/a\\b.csv', 'x\0y']) {
      const id = await archive.archiveSource({ path, stream: Readable.from(['x']) }, FACTS);
      expect(join(await archive.restoreSource(id, out), '..')).toBe(out);
    }
  });

  it('gives nothing that is damaged', async () => {
    const { folder, archive, out } = await setUp();
    const content = randomBytes(50_000);
    const id = await archive.archiveSource(await sourceFile(folder, 'a.bin', content), FACTS);
    const blob = join(archive.directory, (await archive.get(id))?.archivedPath ?? '');
    const sound = await readFile(blob);
    const flipped = Buffer.from(sound);
    flipped[30_000] = (flipped[30_000] ?? 0) ^ 1;
    for (const bytes of [flipped, sound.subarray(0, 40_000), Buffer.alloc(0), Buffer.from('not gzip at all')]) {
      await writeFile(blob, bytes);
      await expect(archive.restoreSource(id, out)).rejects.toMatchObject({ code: 'INTEGRITY' });
      expect(await filesBelow(out)).toEqual([]);
    }
    await writeFile(blob, sound);
    expect(await readFile(await archive.restoreSource(id, out))).toEqual(content);
  });
});
