import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { ArchiveStorage, type ConverterSource } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, Station, until } from './support.js';

/** More than is held in memory. */
const BIG = Buffer.from('0123456789abcde\n'.repeat(300_000));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A report with the checksum of what the converter saw, each time that it looked. */
async function looks(source: ConverterSource): Promise<object> {
  const seen: string[] = [];
  const hash = createHash('sha256');
  for await (const chunk of source.stream()) hash.update(chunk as Uint8Array);
  seen.push(hash.digest('hex'), sha256(await source.bytes()));
  return { name: source.name, seen };
}

/** How often a file was opened. */
const opened = (fs: FaultyFileSystem, name: string): number =>
  fs.log.filter(({ operation, path }) => operation === 'open' && path.endsWith(name)).length;

async function archiving() {
  const station = await Station.open();
  const fs = new FaultyFileSystem();
  fs.logging = true;
  const archive = new ArchiveStorage({ directory: station.path('archive') });
  const pool = station.pool({ fs, archive, converters: [{ converter: converter(looks) }] });
  return { station, fs, archive, pool };
}

describe('a big source that is archived', () => {
  it('is read once: its checksum, the archive and the converter have it from there', async () => {
    const { station, fs, archive, pool } = await archiving();
    await mkdir(station.path('state/copies'), { recursive: true });
    await writeFile(station.path('state/copies/left'), 'by a process that was killed');
    await pool.start();
    const path = await station.drop('watch/big.txt', BIG);
    await station.settled(pool);
    expect(opened(fs, 'big.txt')).toBe(1);
    const bytes = fs.log.filter(({ operation, path: at }) => operation === 'file.read' && at === path).length;
    expect(bytes).toBeLessThan(BIG.length / (256 * 1024) + 2);
    expect(station.reports()).toEqual([{ name: 'big.txt', seen: [sha256(BIG), sha256(BIG)] }]);
    await until(async () => (await archive.count()) === 1);
    const [entry] = (await archive.query()).entries;
    expect(entry).toMatchObject({ sha256: sha256(BIG), size: BIG.length });
    expect(await readdir(station.path('state/copies'))).toEqual([]);
    await pool.stop();
    await archive.close();
  });

  it('is the same for all of them, though it is replaced while it is worked on', async () => {
    const { station, archive, pool } = await archiving();
    await pool.start();
    const other = Buffer.from(BIG).fill('x', 1_000_000, 1_000_100);
    // What was read is in the books; what is there now is another file.
    const replaced = new Promise<void>(resolve => {
      pool.once('archived', ({ path }) => resolve(writeFile(path, other)));
    });
    await station.drop('watch/big.txt', BIG);
    await replaced;
    await station.settled(pool);
    const seen = (station.reports() as { seen: string[] }[]).map(report => new Set(report.seen));
    for (const one of seen) expect(one.size).toBe(1);
    const archived = (await archive.query()).entries.map(entry => entry.sha256);
    expect(archived).toContain(sha256(BIG));
    for (const one of seen) expect(archived).toContain([...one][0]);
    await pool.stop();
    await archive.close();
  });

  it('is read again, against its checksum, where there is no room for a copy', async () => {
    const { station, fs, archive, pool } = await archiving();
    fs.fail({ operation: 'file.write', path: /copies/, code: 'ENOSPC', skip: 3 });
    await pool.start();
    await station.drop('watch/big.txt', BIG);
    await station.settled(pool);
    expect(opened(fs, 'big.txt')).toBe(4);
    expect(station.reports()).toEqual([{ name: 'big.txt', seen: [sha256(BIG), sha256(BIG)] }]);
    expect((await archive.query()).entries).toMatchObject([{ sha256: sha256(BIG) }]);
    expect(await readdir(station.path('state/copies'))).toEqual([]);
    await pool.stop();
    await archive.close();
  });
});
