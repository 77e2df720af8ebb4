import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type ArchiveOptions, ArchiveStorage, ConverterResult, FileFormatError } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { converter, echo, Station, until } from './support.js';

const archives: ArchiveStorage[] = [];
afterEach(async () => {
  for (const archive of archives.splice(0)) await archive.close();
});

function archiveOf(station: Station, options: Partial<ArchiveOptions> = {}): ArchiveStorage {
  const archive = new ArchiveStorage({ directory: station.path('archive'), ...options });
  archives.push(archive);
  return archive;
}

/** The names in a folder but for hidden ones: a file that is being removed has one for a moment, and so has the canary. */
async function visible(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(name => !name.startsWith('.'));
}

describe('an archive in the pool', () => {
  it('has every source before it is converted, with its outcome and its report', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    const report = { sn: 'SN-1', pn: 'PART-1', text: 'alpha' };
    const convert = async () => {
      // The archive knows it before the converter sees it.
      const { entries } = await archive.query();
      return ConverterResult.success({ ...report, known: entries.length });
    };
    const pool = station.pool({
      archive,
      converters: [{ converter: converter(convert, { version: '2.1.0' }), arguments: { a: 1 } }],
    });
    const archived: string[] = [];
    pool.on('archived', ({ archiveId }) => archived.push(archiveId));
    await station.drop('watch/a.txt', 'alpha');
    await pool.start();
    await pool.idle();
    const [id = ''] = archived;
    const entry = await archive.get(id);
    expect(entry).toMatchObject({
      converterName: 'text',
      converterVersion: '2.1.0',
      parameters: { a: 1 },
      sourcePath: station.path('watch', 'a.txt'),
      status: 'success',
      serialNumber: 'SN-1',
      partNumber: 'PART-1',
      reports: 1,
      deliveredAt: expect.any(Date),
      durationMs: expect.any(Number),
    });
    expect(entry?.reportId).toBe((await pool.items({ state: 'completed' })).items[0]?.serverIds[0]);
    expect(await archive.readReport(id)).toEqual({ ...report, known: 1 });
    expect(gunzipSync(await readFile(join(archive.directory, entry?.archivedPath ?? ''))).toString()).toBe('alpha');
    expect(await pool.explain(station.path('watch', 'a.txt'))).toContain(`archived as ${id}`);
    expect((await pool.audit()).differences).toEqual([]);
    // The books name an entry that somebody took away.
    const { items } = await pool.items();
    expect(items[0]?.archiveId).toBe(id);
  });

  it('knows how each file ended', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    const convert = async (source: { text(): Promise<string>; name: string }) => {
      switch (await source.text()) {
        case 'failed':
          throw new FileFormatError('Row 3 has no limit');
        case 'skipped':
          return ConverterResult.skipped('nothing in it');
        case 'rejected':
          return ConverterResult.rejected('not mine');
        default:
          return { name: source.name };
      }
    };
    const pool = station.pool({ archive, converters: [{ converter: converter(convert) }] });
    for (const name of ['failed', 'skipped', 'rejected', 'success']) await station.drop(`watch/${name}.txt`, name);
    await pool.start();
    await pool.idle();
    await station.drop('watch/twin.txt', 'success');
    await pool.idle();
    const { entries } = await archive.query();
    const ends = entries.map(({ sourcePath, status, error }) => [sourcePath.split(/[/\\]/).at(-1), status, error]);
    expect(ends.sort()).toEqual([
      ['failed.txt', 'failed', 'Row 3 has no limit'],
      ['rejected.txt', 'rejected', 'not mine'],
      ['skipped.txt', 'skipped', 'nothing in it'],
      ['success.txt', 'success', null],
      ['twin.txt', 'skipped', expect.stringContaining('delivered before')],
    ]);
    expect((await archive.query({ text: 'limit' })).entries).toHaveLength(1);
  });

  it('removes a source only when its archived copy is sound', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    const spoil = async (): Promise<void> => {
      const [entry] = (await archive.query()).entries;
      const path = join(archive.directory, entry?.archivedPath ?? '');
      const bytes = await readFile(path);
      bytes[bytes.length - 12] = (bytes.at(-12) ?? 0) ^ 1;
      await writeFile(path, bytes);
    };
    const convert = async (source: { text(): Promise<string>; name: string }) => {
      const text = await source.text();
      if (text === 'to be spoiled') await spoil();
      return { text };
    };
    const pool = station.pool({ archive, converters: [{ converter: converter(convert), postProcess: 'archive' }] });
    await station.drop('watch/bad.txt', 'to be spoiled');
    await pool.start();
    await until(() => station.errors.some(error => /could not be cleaned up.*checksum|damaged/.test(error.message)));
    expect(await visible(station.path('watch'))).toEqual(['bad.txt']);
    await station.drop('watch/good.txt', 'sound');
    await until(async () => !(await visible(station.path('watch'))).includes('good.txt'));
    expect(await visible(station.path('watch'))).toEqual(['bad.txt']);
    const good = (await archive.query({ text: 'good' })).entries[0]?.archiveId ?? '';
    const restored = await archive.restoreSource(good, station.path('out'));
    expect(await readFile(restored, 'utf8')).toBe('sound');
  });

  it('deletes a source while its report waits, since the archive has it', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    station.server.behave = () => ({ status: 503 });
    const pool = station.pool({ archive, converters: [{ converter: converter(echo), postProcess: 'delete' }] });
    await station.drop('watch/a.txt', 'alpha');
    await pool.start();
    await until(async () => (await visible(station.path('watch'))).length === 0);
    const [entry] = (await archive.query()).entries;
    expect(entry).toMatchObject({ status: 'success', deliveredAt: null, reports: 1 });
    station.server.behave = () => undefined;
    await pool.idle();
    await until(async () => (await archive.query()).entries[0]?.deliveredAt !== null);
  });

  it('goes without an archive that is away, with an alarm, and brings later what is owed', async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    const archive = archiveOf(station, { fs });
    const pool = station.pool({ archive, probeIntervalMs: 20 });
    const told: string[] = [];
    pool.on('archiveAway', ({ reason }) => told.push(reason));
    pool.on('archiveRecovered', () => told.push('back'));
    await pool.start();
    // The report of this one cannot be archived: the disk is full by then.
    pool.once('archived', () => void fs.fail({ operation: 'file.write', path: /incoming|metadata/, code: 'ENOSPC' }));
    await station.drop('watch/a.txt', 'alpha');
    await pool.idle();
    await station.drop('watch/b.txt', 'beta');
    await pool.idle();
    expect(station.server.reports).toHaveLength(2);
    expect(told).toEqual([expect.stringContaining('ENOSPC')]);
    fs.heal();
    await until(() => told.at(-1) === 'back');
    const { entries } = await archive.query();
    expect(entries).toMatchObject([{ status: 'success', reports: 1 }]);
    await station.drop('watch/c.txt', 'gamma');
    await pool.idle();
    expect(await archive.count()).toBe(2);
  });

  it("lets files wait for an archive that is 'required', and goes on by itself", async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    const archive = archiveOf(station, { fs });
    await archive.open();
    fs.fail({ operation: ['file.write', 'open'], path: /incoming/, code: 'ENOSPC' });
    const pool = station.pool({
      archive,
      probeIntervalMs: 20,
      converters: [{ converter: converter(echo), archivePolicy: 'required' }],
    });
    await station.drop('watch/a.txt', 'alpha');
    await pool.start();
    const path = station.path('watch', 'a.txt');
    await until(async () => (await pool.explain(path)).includes('the archive cannot be written'));
    expect((await pool.items({ state: 'waiting_for_network' })).items.map(item => item.path)).toEqual(['a.txt']);
    expect(station.server.reports).toEqual([]);
    fs.heal();
    await pool.idle();
    expect(station.server.reports).toHaveLength(1);
    expect(await archive.query()).toMatchObject({ entries: [{ status: 'success' }] });
    // Waiting cost it no attempt.
    expect((await pool.items()).items[0]?.attempts).toBe(1);
  });

  it('has one entry for a file that is converted in several attempts, over a restart', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    let attempts = 0;
    const convert = async (source: { name: string }) => {
      attempts += 1;
      if (attempts < 3) throw Object.assign(new Error('not now'), { code: 'EBUSY' });
      return { name: source.name };
    };
    const first = station.pool({ archive, converters: [{ converter: converter(convert), retryDelayMs: 20 }] });
    await station.drop('watch/a.txt', 'alpha');
    await first.start();
    await until(() => attempts >= 1);
    await first.stop();
    const second = station.pool({ archive, converters: [{ converter: converter(convert), retryDelayMs: 20 }] });
    await second.start();
    await second.idle();
    expect(attempts).toBe(3);
    expect((await archive.query()).entries).toMatchObject([{ status: 'success' }]);
  });

  it('can be switched off, be without reports, and be in a folder of its own', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    const pool = station.pool({
      archive,
      converters: [
        { converter: converter(echo, { name: 'off', supportedExtensions: ['.off'] }), archive: false },
        { converter: converter(echo, { name: 'bare', supportedExtensions: ['.bare'] }), archiveOutputReports: false },
        {
          converter: converter(echo, { name: 'own', supportedExtensions: ['.own'] }),
          archiveFolder: station.path('own'),
        },
      ],
    });
    for (const name of ['a.off', 'a.bare', 'a.own']) await station.drop(`watch/${name}`, name);
    await pool.start();
    await pool.idle();
    await pool.stop();
    expect((await archive.query()).entries).toMatchObject([{ converterName: 'bare', reports: 0 }]);
    const own = archiveOf(station, { directory: station.path('own') });
    expect((await own.query()).entries).toMatchObject([{ converterName: 'own', reports: 1 }]);
  });

  it('is compared with the ledger by audit()', async () => {
    const station = await Station.open();
    const archive = archiveOf(station);
    const first = station.pool({ archive });
    await station.drop('watch/a.txt', 'alpha');
    await first.start();
    await first.idle();
    await first.stop();
    await archive.close();
    await rename(station.path('archive'), station.path('elsewhere'));
    const second = station.pool({ archive: archiveOf(station) });
    await second.start();
    expect((await second.audit()).differences).toMatchObject([
      { kind: 'missing-archive', path: station.path('watch', 'a.txt') },
    ]);
    await rm(station.path('elsewhere'), { recursive: true });
  });

  it("is needed for the post-process action 'archive'", async () => {
    const station = await Station.open();
    const converters = [{ converter: converter(echo), postProcess: 'archive' as const }];
    expect(() => station.pool({ converters })).toThrow(/converters\[0\]\.postProcess.*needs an archive/);
    const wrong = [
      { converter: converter(echo), compressionLevel: 11, archivePolicy: 'maybe' as never, archive: 'yes' as never },
    ];
    expect(() => station.pool({ converters: wrong })).toThrow(
      /compressionLevel.*archivePolicy|archive.*compressionLevel/,
    );
  });
});
