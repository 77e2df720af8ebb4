import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { ConverterResult } from '../../../src/converters/converter-result.js';
import { FileFormatError } from '../../../src/errors.js';
import { CsvConverter, JsonConverter, readZip, ZipConverter, type ZipReadOptions } from '../../../src/formats/index.js';
import { toSource } from '../../../src/testing/converter-input.js';
import { runConverter } from '../../../src/testing/index.js';
import { failureOf } from './support.js';

/** A ZIP file of members by name. */
async function zip(members: Record<string, string | Buffer>, compress = true): Promise<Buffer> {
  const file = new ZipFile();
  for (const [name, content] of Object.entries(members)) {
    if (name.endsWith('/')) file.addEmptyDirectory(name);
    else file.addBuffer(Buffer.from(content), name, { compress, mtime: new Date(2026, 0, 2) });
  }
  file.end();
  const chunks: Buffer[] = [];
  for await (const chunk of file.outputStream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function read(bytes: Buffer, options: ZipReadOptions = {}): Promise<[string, string][]> {
  const source = await toSource(new CsvConverter(), bytes, { name: 'a.zip' });
  const members: [string, string][] = [];
  for await (const member of readZip(source, options)) members.push([member.name, await member.source.text()]);
  return members;
}

/** The same length, so that no offset in the file changes. */
const renamed = (bytes: Buffer, from: string, to: string): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');

describe('readZip', () => {
  it('gives the members that are wanted, with names, content and times', async () => {
    const bytes = await zip({ 'in/a.csv': 'µ', 'b.txt': 'b', 'c/': '', 'd.csv': '' });
    expect(await read(bytes)).toEqual([
      ['in/a.csv', 'µ'],
      ['b.txt', 'b'],
      ['d.csv', ''],
    ]);
    expect(await read(bytes, { accept: name => name.endsWith('.txt') })).toEqual([['b.txt', 'b']]);
    const source = await toSource(new CsvConverter(), bytes, { name: 'a.zip' });
    for await (const { source: member } of readZip(source)) {
      expect([member.path.startsWith(source.path), member.modifiedAt.getFullYear()]).toEqual([true, 2026]);
      break;
    }
  });

  it.each([
    ['a way out', '../x'],
    ['a way out with backslashes', '..\\x'],
    ['a way out in the middle', 'a/../../b'],
    ['an absolute path', '/etc'],
    ['a drive', 'C:/x'],
  ])('refuses %s', async (_what, name) => {
    const sound = 'x'.repeat(name.length);
    const bytes = renamed(await zip({ 'a.csv': 'a', [sound]: 'b' }), sound, name);
    await expect(read(bytes)).rejects.toThrow(FileFormatError);
    await expect(read(bytes)).rejects.toThrow(
      /a\.zip cannot be unpacked \((?:invalid relative path|absolute path).*expected a sound ZIP file/,
    );
  });

  it('has limits: the file, the members, what they are unpacked, and how much that is more than packed', async () => {
    const bomb = await zip({ 'zeros.csv': Buffer.alloc(4 * 1024 * 1024) });
    expect(bomb.length).toBeLessThan(10_000);
    await expect(read(bomb)).rejects.toThrow("no member more than 200 times as big as packed, as 'zeros.csv' is");
    expect(await read(bomb, { maxRatio: 2000 })).toHaveLength(1);
    await expect(read(bomb, { maxRatio: 2000, maxTotalBytes: 1000 })).rejects.toThrow('at most 1000 bytes unpacked');
    const two = await zip({ a: 'aaa', b: 'bbb' });
    await expect(read(two, { maxTotalBytes: 5 })).rejects.toThrow('at most 5 bytes unpacked');
    await expect(read(two, { maxMembers: 1 })).rejects.toThrow('at most 1 members');
    await expect(read(two, { maxBytes: 10 })).rejects.toThrow('at most 10');
    expect(await read(two, { maxTotalBytes: 3, accept: name => name === 'b' })).toEqual([['b', 'bbb']]);
  });

  it('refuses a member that is bigger than it says, is damaged or encrypted, and what is no ZIP file', async () => {
    const stored = await zip({ a: 'a'.repeat(1000) });
    const at = stored.readUInt32LE(stored.length - 6);
    const lying = Buffer.from(stored);
    lying.writeUInt32LE(10, at + 24);
    await expect(read(lying)).rejects.toThrow(FileFormatError);
    const damaged = Buffer.from(stored);
    damaged.fill(0xff, 31, 36);
    await expect(read(damaged)).rejects.toThrow(FileFormatError);
    const encrypted = Buffer.from(stored);
    encrypted.writeUInt16LE(encrypted.readUInt16LE(at + 8) | 1, at + 8);
    await expect(read(encrypted)).rejects.toThrow("'a' is encrypted");
    for (const bytes of [Buffer.alloc(0), Buffer.from('no zip'), stored.subarray(0, 40)]) {
      await expect(read(bytes)).rejects.toThrow(FileFormatError);
    }
  });

  it('ends when it is told to', async () => {
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    await expect(read(await zip({ a: 'a' }), { signal: abort.signal })).rejects.toThrow('enough');
  });
});

describe('ZipConverter', () => {
  it('delivers the reports of all members, in their order', async () => {
    const bytes = await zip({
      'b/2.csv': 'sn;r\nS2;P\nS3;F\n',
      'note.txt': 'x',
      'a.CSV': 'sn;r\nS1;P\n',
      'empty.csv': 'sn;r\n',
    });
    const converter = new ZipConverter({ converter: new CsvConverter({ version: '1.4.0' }) });
    expect([converter.name, converter.version, converter.matchesFile('a.ZIP')]).toEqual(['zip-csv', '1.4.0', true]);
    const { reports, error } = await runConverter(converter, bytes);
    expect(error).toBeUndefined();
    expect(reports).toMatchObject([{ sn: 'S2' }, { sn: 'S3' }, { sn: 'S1' }]);
  });

  it('delivers none when one fails, and says which', async () => {
    const converter = new ZipConverter({ converter: new CsvConverter(), name: 'lots' });
    const error = await failureOf(converter, await zip({ 'a.csv': 'sn;r\nS1;P\n', 'in/b.csv': 'sn;r\nS2\n' }));
    expect(error.message).toMatch(/^b\.csv at line 2/);
    expect((await failureOf(converter, await zip({ 'a.txt': 'a' }))).message).toContain(
      "holds nothing for converter 'csv'",
    );
  });

  it('hands on what the other converter says', async () => {
    const say = (said: ConverterResult<never>) =>
      runConverter(new ZipConverter({ converter: new JsonConverter({ map: () => said }) }), zipped);
    const zipped = await zip({ 'a.json': '{}' });
    expect(await say(ConverterResult.suspended('later', { retryAfterMs: 5 }))).toMatchObject({
      status: 'suspended',
      retryAfterMs: 5,
    });
    expect(await say(ConverterResult.rejected('no'))).toMatchObject({ status: 'rejected', reason: 'a.json: no' });
    expect(await say(ConverterResult.skipped('nothing'))).toMatchObject({
      status: 'skipped',
      reason: 'a.json: skipped: nothing',
    });
    expect(await say(ConverterResult.failed(new FileFormatError('bad')))).toMatchObject({
      status: 'failed',
      error: { message: 'bad' },
    });
    const warned = new JsonConverter({ map: () => ConverterResult.success({ a: 1 }, { warnings: ['odd'] }) });
    expect(await runConverter(new ZipConverter({ converter: warned }), zipped)).toMatchObject({
      reports: [{ a: 1 }],
      warnings: ['a.json: odd'],
    });
    const picky = Object.assign(new JsonConverter(), { validate: () => ({ canConvert: false, message: 'not mine' }) });
    expect(await runConverter(new ZipConverter({ converter: picky }), zipped)).toMatchObject({
      status: 'rejected',
      reason: 'a.json: not mine',
    });
  });
});
