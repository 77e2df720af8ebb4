/** File names as they come: whatever the file system takes, the station takes. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileFormatError } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, Station } from './support.js';

const LONGEST = 255;
const ENDING = '.error';

const PORTABLE = [
  '测试结果 テスト 결과.txt',
  'unit 🏭👩‍🔧.txt',
  'e\u0301preuve.txt',
  'unit  1   a.txt',
  ' leading space.txt',
  "$HOME & %TEMP% # + ; ' ` ! ^ ~ = , @.txt",
  '[ab] {c,d} (e) !f.txt',
  'unit%20%2e%2e.txt',
  'unit...1..txt.txt',
  '__proto__',
  `${'n'.repeat(LONGEST - 4)}.txt`,
  `${'测'.repeat(83)}ab.txt`,
];
const POSIX = [
  'trailing space.txt ',
  'trailing dot.',
  'unit\n1\r\n2.txt',
  'C:\\unit\\1.txt',
  'unit:1 "a" <b> | c? *.txt',
  'unit\t\u001b[31m.txt',
];
const names = process.platform === 'win32' ? PORTABLE : [...PORTABLE, ...POSIX];
const ANY = { supportedExtensions: [], filePatterns: ['**'] };

describe('any name that the file system takes', () => {
  it('is delivered and kept as it is, from the backlog, a sub-folder and a live drop', async () => {
    const station = await Station.open();
    await mkdir(station.path('watch', 'sub & [1]'));
    const old = names.map(name => join('sub & [1]', name));
    for (const name of old) await writeFile(station.path('watch', name), `old ${name}`);
    const echo = converter(async source => ({ name: source.name, text: await source.text() }), ANY);
    const pool = await station.start({ converters: [{ converter: echo, recursive: true }] });
    for (const name of names) await writeFile(station.path('watch', name), `live ${name}`);
    await station.settled(pool);
    const expected = [...names.map(name => `live ${name}`), ...old.map(name => `old ${name}`)];
    expect(
      station
        .reports()
        .map(report => report.text)
        .sort(),
    ).toEqual(expected.sort());
    expect(new Set(station.reports().map(report => report.name))).toEqual(new Set(names));
    expect(await station.files('Done')).toEqual([...names, ...old].sort());
    for (const name of old) expect(await station.read(join('Done', name))).toBe(`old ${name}`);
    expect(await station.files('watch')).toEqual([]);
    expect(station.errors).toEqual([]);
  });

  it('is kept in the error folder, with an .error file beside it that names it', async () => {
    const station = await Station.open();
    const refuse = converter(() => {
      throw new FileFormatError('no');
    }, ANY);
    const pool = await station.start({ converters: [{ converter: refuse }] });
    for (const name of names) await writeFile(station.path('watch', name), `bad ${name}`);
    await station.settled(pool);
    const files = await station.files('Error');
    const sidecars = files.filter(file => file.endsWith(ENDING));
    expect(files.filter(file => !file.endsWith(ENDING))).toEqual([...names].sort());
    expect(sidecars).toHaveLength(names.length);
    const told = await Promise.all(
      sidecars.map(async file => JSON.parse(await station.read(join('Error', file))).file),
    );
    expect(told.sort()).toEqual([...names].sort());
    const short = names.filter(name => Buffer.byteLength(name) <= LONGEST - ENDING.length);
    expect(files).toEqual(expect.arrayContaining(short.map(name => `${name}${ENDING}`)));
    expect(await station.files('watch')).toEqual([]);
  });

  it('is numbered where it is taken, however long it is', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(source => ({ sn: source.name }), ANY) }] });
    for (const round of [1, 2]) {
      for (const name of names) await writeFile(station.path('watch', name), `${round} ${name}`);
      await station.settled(pool);
    }
    const done = await station.files('Done');
    expect(done).toHaveLength(2 * names.length);
    expect(done).toEqual(expect.arrayContaining(names));
    expect(done.filter(name => !names.includes(name) && !/_1(\.[^.]*)?$/.test(name))).toEqual([]);
    expect(done).toContain('测试结果 テスト 결과_1.txt');
  });
});

describe('a file of zero bytes', () => {
  it('is converted like any other', async () => {
    const station = await Station.open();
    await station.drop('watch/empty.txt', '');
    const sized = converter(async source => ({
      size: source.size,
      text: await source.text(),
      sha256: await source.sha256(),
    }));
    const pool = await station.start({ converters: [{ converter: sized }] });
    await station.settled(pool);
    expect(station.reports()).toEqual([{ size: 0, text: '', sha256: createHash('sha256').digest('hex') }]);
    expect(await station.files('Done')).toEqual(['empty.txt']);
  });
});
