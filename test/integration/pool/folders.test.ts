import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Conversion,
  type ConverterContext,
  ConverterResult,
  type ConverterSource,
  FolderConverter,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { next, Station, until } from './support.js';
import { unzip } from './unzip.js';

type Convert = (source: ConverterSource, context: ConverterContext) => Conversion<object> | Promise<Conversion<object>>;

/** Reports the folder's name and its files with their texts. */
const listing: Convert = async source => {
  const files: Record<string, string> = {};
  for (const file of source.files ?? []) files[file.name] = await file.text();
  return { name: source.name, files };
};

function folders(fields: Partial<FolderConverter> = {}, convert: Convert = listing): FolderConverter {
  class Lots extends FolderConverter {
    readonly name = 'lots';
    convert = convert;
  }
  return Object.assign(new Lots(), fields);
}

/** Makes a folder elsewhere and renames it in, complete from its first moment. */
async function dropFolder(station: Station, path: string, files: Record<string, string>): Promise<string> {
  const staged = `staged-${path.replaceAll('/', '-')}`;
  for (const [name, text] of Object.entries(files)) await station.drop(join(staged, name), text);
  await mkdir(join(station.path(path), '..'), { recursive: true });
  await rename(station.path(staged), station.path(path));
  return station.path(path);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const LOT = { 'a.csv': 'one', 'plots/b.png': 'two' };

describe('a folder as a source', () => {
  it('is converted as one, with all its files, and moved as one', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: folders() }] });
    const path = await dropFolder(station, 'watch/LOT1', LOT);
    const { reports } = await next(pool, 'completed');
    await station.settled(pool);
    expect(reports).toHaveLength(1);
    expect(station.reports()).toEqual([{ name: 'LOT1', files: LOT }]);
    expect(await station.files('watch')).toEqual([]);
    expect(await station.files('Done')).toEqual(['LOT1/a.csv', 'LOT1/plots/b.png']);
    expect(await pool.explain(path)).toMatch(/watch\/LOT1 was delivered by 'lots' .* the source is at .*Done\/LOT1/);
    expect(await pool.explain(join(path, 'a.csv'))).toMatch(/watch\/LOT1 was delivered/);
  });

  it('is found at the start, waits for each of the others, and may lie deeper', async () => {
    const station = await Station.open();
    await dropFolder(station, 'watch/monday/LOT1', LOT);
    await dropFolder(station, 'watch/monday/LOT2', LOT);
    await station.drop('watch/loose.csv', 'no folder');
    const pool = await station.start({
      converters: [{ converter: folders({ folderPatterns: ['*/*'] }), duplicates: 'deliver' }],
    });
    await station.settled(pool);
    expect(
      station
        .reports()
        .map(report => report.name)
        .sort(),
    ).toEqual(['LOT1', 'LOT2']);
    expect(await station.files('Done')).toContain('monday/LOT1/a.csv');
    expect(await pool.explain(station.path('watch/loose.csv'))).toContain('it lies in no folder that matches */*');
  });

  it('is a duplicate when the same files were delivered before, whatever its name', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: folders() }] });
    await dropFolder(station, 'watch/LOT1', LOT);
    await next(pool, 'completed');
    await dropFolder(station, 'watch/LOT2', LOT);
    const { duplicateOf } = await next(pool, 'skipped');
    expect(duplicateOf).toBe('LOT1');
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
  });

  it('has the checksum over its files, and no content of its own', async () => {
    const station = await Station.open();
    const seen: unknown[] = [];
    const converter = folders({}, async source => {
      seen.push(
        await source.sha256(),
        source.size,
        source.files?.map(file => [file.name, file.size, file.path]),
      );
      await expect(source.text()).rejects.toMatchObject({ code: 'SOURCE_IS_FOLDER' });
      expect(() => source.stream()).toThrow(/is a folder of 2 files/);
      return { ok: true };
    });
    const pool = await station.start({ converters: [{ converter }] });
    const path = await dropFolder(station, 'watch/LOT1', LOT);
    await station.settled(pool);
    expect(seen).toEqual([
      sha256([`${sha256('one')} 3 a.csv\n`, `${sha256('two')} 3 plots/b.png\n`].sort().join('')),
      6,
      [
        ['a.csv', 3, join(path, 'a.csv')],
        ['plots/b.png', 3, join(path, 'plots', 'b.png')],
      ],
    ]);
  });
});

describe('a folder that is not complete', () => {
  it('waits for its marker, which is no part of it, and says so', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: folders({ marker: '{name}.ready' }) }] });
    const path = await dropFolder(station, 'watch/LOT1', LOT);
    await until(async () => (await pool.explain(path)).includes("it waits for its marker 'LOT1.ready'"));
    // Nothing can be done about it here, so that nobody waits for it.
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);
    expect((await pool.statistics()).files.growing).toBe(1);
    await writeFile(join(path, 'LOT1.ready'), '');
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'LOT1', files: LOT }]);
    expect(await station.files('Done')).toContain('LOT1/LOT1.ready');
  });

  it('waits for the files that are expected, after a restart as well', async () => {
    const station = await Station.open();
    const converters = [{ converter: folders({ expectedFiles: ['*.csv', 'plots/*.png'] }) }];
    const first = await station.start({ converters });
    const path = await dropFolder(station, 'watch/LOT1', { 'a.csv': 'one' });
    await until(async () => (await first.explain(path)).includes("it waits for the expected 'plots/*.png'"));
    await first.stop();
    const pool = await station.start({ converters });
    await until(async () => (await pool.explain(path)).includes("it waits for the expected 'plots/*.png'"));
    await station.drop('watch/LOT1/plots/b.png', 'two');
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'LOT1', files: LOT }]);
  });

  it('waits for so many files, and for none that another program has not finished', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: folders({ minimumFiles: 2 }) }] });
    const path = await dropFolder(station, 'watch/LOT1', { 'a.csv': 'one', '.hidden': 'x' });
    await until(async () => (await pool.explain(path)).includes('it has 1 of at least 2'));
    await writeFile(join(path, 'c.csv.tmp'), 'thr');
    await writeFile(join(path, 'b.csv'), 'two');
    await until(async () => (await pool.explain(path)).includes("'c.csv.tmp', which another program has not finished"));
    await writeFile(join(path, 'c.csv.tmp'), 'three');
    await rename(join(path, 'c.csv.tmp'), join(path, 'c.csv'));
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'LOT1', files: { 'a.csv': 'one', 'b.csv': 'two', 'c.csv': 'three' } }]);
    expect(await station.files('Done')).toContain('LOT1/.hidden');
  });

  it('is let go when somebody removes it', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: folders({ marker: 'ready' }) }] });
    const path = await dropFolder(station, 'watch/LOT1', LOT);
    await until(async () => (await pool.explain(path)).includes('it waits for its marker'));
    const gone = next(pool, 'skipped');
    await rm(path, { recursive: true });
    expect((await gone).reason).toContain('removed before it was taken');
    await station.settled(pool);
  });
});

describe('what happens to a folder', () => {
  it.each(['delete', 'zip', 'keep'] as const)('%s', async postProcess => {
    const station = await Station.open();
    const converters = [{ converter: folders({ marker: 'ready' }), postProcess }];
    const pool = await station.start({ converters });
    await dropFolder(station, 'watch/LOT1', { ...LOT, ready: '' });
    await next(pool, 'completed');
    await station.settled(pool);
    const all = ['LOT1/a.csv', 'LOT1/plots/b.png', 'LOT1/ready'];
    expect(await station.files('watch')).toEqual(postProcess === 'keep' ? all : []);
    if (postProcess === 'zip') {
      const members = await unzip(await readFile(station.path('Done/LOT1.zip')));
      expect(Object.fromEntries([...members].map(([name, bytes]) => [name, bytes.toString()]))).toEqual({
        ...LOT,
        ready: '',
      });
    } else {
      expect(await station.files('Done')).toEqual([]);
    }
    await pool.stop();
    const again = await station.start({ converters });
    await station.settled(again);
    expect(station.reports()).toHaveLength(1);
  });

  it('keeps the one that is there already when two have the same name', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: folders() }] });
    for (const text of ['one', 'two']) {
      await dropFolder(station, 'watch/LOT1', { 'a.csv': text });
      await next(pool, 'completed');
    }
    await station.settled(pool);
    expect(await station.read('Done/LOT1/a.csv')).toBe('one');
    expect(await station.read('Done/LOT1_1/a.csv')).toBe('two');
  });

  it('goes to the error folder as a whole with its reason, and comes back from there', async () => {
    const station = await Station.open();
    let broken = true;
    const convert: Convert = (source, context) =>
      broken ? ConverterResult.rejected('no limits') : listing(source, context);
    const pool = await station.start({ converters: [{ converter: folders({}, convert) }] });
    const path = await dropFolder(station, 'watch/LOT1', LOT);
    await next(pool, 'failed');
    await station.settled(pool);
    expect(await station.files('Error')).toEqual(['LOT1.error', 'LOT1/a.csv', 'LOT1/plots/b.png']);
    expect(JSON.parse(await readFile(station.path('Error/LOT1.error'), 'utf8'))).toMatchObject({ code: 'REJECTED' });
    expect(await pool.explain(path)).toContain('no limits');
    broken = false;
    expect(await pool.retry()).toBe(1);
    await next(pool, 'completed');
    await station.settled(pool);
    expect(await station.files('Error')).toEqual([]);
    expect(await station.files('Done')).toEqual(['LOT1/a.csv', 'LOT1/plots/b.png']);
  });

  it('waits in the pending folder while it is suspended', async () => {
    const station = await Station.open();
    const convert: Convert = (source, context) =>
      context.attempt === 1 ? context.suspend('not yet', { retryAfterMs: 20 }) : listing(source, context);
    const pool = await station.start({ converters: [{ converter: folders({}, convert), postProcess: 'keep' }] });
    await dropFolder(station, 'watch/LOT1', LOT);
    const { target } = await next(pool, 'cleaned');
    expect(target).toBe(station.path('Pending/LOT1'));
    await next(pool, 'completed');
    await station.settled(pool);
    expect(await station.files('watch')).toEqual(['LOT1/a.csv', 'LOT1/plots/b.png']);
    expect(station.reports()).toEqual([{ name: 'LOT1', files: LOT }]);
  });

  it('is converted anew, as a whole, when a file comes while it is converted', async () => {
    const station = await Station.open();
    let late: Promise<string> | undefined;
    const convert: Convert = async (source, context) => {
      late ??= station.drop('watch/LOT1/late.csv', 'late');
      await late;
      return listing(source, context);
    };
    const pool = await station.start({ converters: [{ converter: folders({}, convert) }] });
    await dropFolder(station, 'watch/LOT1', LOT);
    await station.settled(pool);
    expect(station.reports().at(-1)).toEqual({ name: 'LOT1', files: { ...LOT, 'late.csv': 'late' } });
    expect(await station.files('Done')).toEqual(['LOT1/a.csv', 'LOT1/late.csv', 'LOT1/plots/b.png']);
  });

  it('never follows a link out of it', async () => {
    const station = await Station.open();
    const secret = await station.drop('secret/s.csv', 'secret');
    const pool = await station.start({ converters: [{ converter: folders(), postProcess: 'delete' }] });
    await station.drop('staged/a.csv', 'one');
    await symlink(station.path('secret'), station.path('staged/link'));
    await rename(station.path('staged'), station.path('watch/LOT1'));
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'LOT1', files: { 'a.csv': 'one' } }]);
    expect(await readFile(secret, 'utf8')).toBe('secret');
    expect(await station.files('watch')).toEqual([]);
  });
});
