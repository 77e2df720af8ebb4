/** File names as they come: whatever the file system takes, the station takes. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { FileFormatError } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, Station } from './support.js';

const LONGEST = 255;
const posix = process.platform !== 'win32';

const NAMES: Record<string, string> = {
  'Chinese, Japanese and Korean': '测试结果 テスト 결과.txt',
  'an emoji beyond the first plane': 'unit 🏭👩‍🔧.txt',
  'a combining accent': 'e\u0301preuve.txt',
  'spaces in a row': 'unit  1   a.txt',
  'a leading space': ' unit.txt',
  'shell characters': "$HOME & %TEMP% # + ; ' ` ! ^ ~ = , @.txt",
  'glob characters': '[ab] {c,d} (e) !f.txt',
  'an escaped URL': 'unit%20%2e%2e.txt',
  'several dots': '..unit...1..txt.txt',
  'the longest name': `${'n'.repeat(LONGEST - 4)}.txt`,
  'the longest name in Chinese': `${'测'.repeat(Math.floor((LONGEST - 4) / 3))}.txt`,
};
const POSIX_NAMES: Record<string, string> = {
  'a trailing space': 'unit.txt ',
  'a newline': 'unit\n1\r\n2.txt',
  'a backslash': 'C:\\unit\\1.txt',
  'a colon, quotes and a pipe': 'unit:1 "a" <b> | c? *.txt',
  'a tab and an escape': 'unit\t\u001b[31m.txt',
};

const cases = Object.entries(posix ? { ...NAMES, ...POSIX_NAMES } : NAMES);
const options = { supportedExtensions: [], filePatterns: ['**'] };
const echo = converter(async source => ({ name: source.name, text: await source.text() }), options);
const refuse = converter(() => {
  throw new FileFormatError('no');
}, options);

describe('a file whose name has', () => {
  it.each(cases)('%s is delivered and keeps its name, from a live drop and from the backlog', async (_what, name) => {
    const station = await Station.open();
    await station.drop('watch/sub/.keep', '');
    await writeFile(station.path('watch', 'sub', name), 'in the backlog');
    const pool = await station.start({ converters: [{ converter: echo, recursive: true }] });
    await writeFile(station.path('watch', name), 'dropped live');
    await station.settled(pool);
    expect(
      station
        .reports()
        .map(report => [report.name, report.text])
        .sort(),
    ).toEqual([
      [name, 'dropped live'],
      [name, 'in the backlog'],
    ]);
    expect(await station.files('Done')).toEqual(
      [name, station.path('', 'sub', name).slice(station.root.length + 1)].sort(),
    );
    expect(await station.files('watch')).toEqual([station.path('', 'sub', '.keep').slice(station.root.length + 1)]);
  });

  it.each(cases)('%s goes to the error folder with an .error file beside it', async (_what, name) => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: refuse }] });
    await writeFile(station.path('watch', name), 'bad');
    await station.settled(pool);
    const files = await station.files('Error');
    expect(files).toHaveLength(2);
    expect(files).toContain(name);
    const sidecar = files.find(file => file !== name) ?? '';
    expect(sidecar.endsWith('.error')).toBe(true);
    if (Buffer.byteLength(name) <= LONGEST - '.error'.length) expect(sidecar).toBe(`${name}.error`);
    expect(JSON.parse(await station.read(`Error/${sidecar}`))).toMatchObject({ file: name, code: 'FILE_FORMAT' });
    expect(await station.files('watch')).toEqual([]);
  });
});

describe('a name that is taken in the done folder', () => {
  it('is numbered where it is as long as a name may be', async () => {
    const station = await Station.open();
    const name = `${'测'.repeat(83)}ab.txt`;
    expect(Buffer.byteLength(name)).toBe(LONGEST);
    const pool = await station.start();
    for (const text of ['first', 'second']) {
      await writeFile(station.path('watch', name), text);
      await station.settled(pool);
    }
    const done = await station.files('Done');
    expect(done).toHaveLength(2);
    expect(done).toContain(name);
    expect(done.find(file => file !== name)).toMatch(/^测+a?b?_1\.txt$/);
  });
});

describe('a file of zero bytes', () => {
  it('is converted like any other', async () => {
    const station = await Station.open();
    await station.drop('watch/empty.txt', '');
    const sized = converter(async source => ({
      size: source.size,
      text: await source.text(),
      sha: await source.sha256(),
    }));
    const pool = await station.start({ converters: [{ converter: sized }] });
    await station.settled(pool);
    expect(station.reports()).toEqual([{ size: 0, text: '', sha: createHash('sha256').digest('hex') }]);
    expect(await station.files('Done')).toEqual(['empty.txt']);
  });
});
