/** What happens to a source once its reports are durable: nothing is overwritten, and nothing is deleted too early. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { checksum, converter, echo, gate, next, Station } from './support.js';
import { unzip } from './unzip.js';

const SHARED_MEMORY = '/dev/shm';
const text = converter(echo);

describe('post-process', () => {
  it('delete removes the source', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: text, postProcess: 'delete' }] });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'a' }]);
    expect(await station.files('.')).not.toContainEqual(expect.stringMatching(/a\.txt/));
  });

  it('delete waits for the delivery while the server is away, and is done when it is back', async () => {
    const station = await Station.open();
    await station.server.down();
    const pool = await station.start({ converters: [{ converter: text, postProcess: 'delete' }] });
    const queued = next(pool, 'queuedOffline');
    await station.drop('watch/a.txt', 'a');
    await queued;
    expect(await station.files('watch')).toEqual(['a.txt']);
    const completed = next(pool, 'completed');
    await station.server.up();
    await completed;
    await station.settled(pool);
    expect(await station.files('watch')).toEqual([]);
    expect(station.reports()).toHaveLength(1);
  });

  it('move goes on while the server is away: the reports are durable', async () => {
    const station = await Station.open();
    await station.server.down();
    const pool = await station.start();
    const cleaned = next(pool, 'cleaned');
    await station.drop('watch/a.txt', 'a');
    expect((await cleaned).target).toBe(station.path('Done', 'a.txt'));
    expect(station.reports()).toEqual([]);
    await station.server.up();
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
  });

  it('zip leaves an archive that another program can read, and no source', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: text, postProcess: 'zip' }] });
    const content = 'row;1\n'.repeat(50_000);
    await station.drop('watch/big 测试.txt', content);
    await station.settled(pool);
    expect(await station.files('Done')).toEqual(['big 测试.txt.zip']);
    const members = await unzip(await readFile(station.path('Done', 'big 测试.txt.zip')));
    expect([...members.keys()]).toEqual(['big 测试.txt']);
    expect(members.get('big 测试.txt')?.equals(Buffer.from(content))).toBe(true);
    expect((await stat(station.path('Done', 'big 测试.txt.zip'))).size).toBeLessThan(content.length / 10);
    expect(await station.files('watch')).toEqual([]);
  });

  it('keep leaves the source, delivers it once over restarts, and delivers a changed one again', async () => {
    const station = await Station.open();
    const keep = { converters: [{ converter: text, postProcess: 'keep' as const }] };
    await station.drop('watch/a.txt', 'a');
    const first = await station.start(keep);
    await station.settled(first);
    await first.stop();
    const second = await station.start(keep);
    await station.settled(second);
    expect(station.reports().map(report => report.text)).toEqual(['a']);
    await station.drop('watch/a.txt', 'changed');
    await station.settled(second);
    expect(station.reports().map(report => report.text)).toEqual(['a', 'changed']);
    expect(await station.read('watch/a.txt')).toBe('changed');
  });

  it.each(['move', 'zip'] as const)('%s never overwrites: the next ones are _1 and _2', async postProcess => {
    const station = await Station.open();
    const ending = postProcess === 'zip' ? '.txt.zip' : '.txt';
    await station.drop(`Done/a${ending}`, 'somebody put this here');
    const pool = await station.start({ converters: [{ converter: text, postProcess }] });
    for (const content of ['first', 'second']) {
      await station.drop('watch/a.txt', content);
      await station.settled(pool);
    }
    expect(await station.read(`Done/a${ending}`)).toBe('somebody put this here');
    const names = postProcess === 'zip' ? ['a.txt.zip', 'a.txt_1.zip', 'a.txt_2.zip'] : ['a.txt', 'a_1.txt', 'a_2.txt'];
    expect(await station.files('Done')).toEqual(names);
    if (postProcess === 'move') expect(await station.read('Done/a_2.txt')).toBe('second');
  });

  it('leaves alone a file that took the name while the first was worked on, and converts it as a new one', async () => {
    const station = await Station.open();
    const hold = gate();
    const slow = converter(async source => {
      const content = await source.text();
      if (content === 'first') await hold.passed;
      return { name: source.name, text: content };
    });
    const pool = await station.start({ converters: [{ converter: slow }] });
    const converting = next(pool, 'converting');
    await station.drop('watch/a.txt', 'first');
    await converting;
    await rm(station.path('watch', 'a.txt'));
    await station.drop('watch/a.txt', 'second, and longer');
    hold.open();
    await station.settled(pool);
    expect(station.reports().map(report => report.text)).toEqual(['first', 'second, and longer']);
    expect(await station.files('watch')).toEqual([]);
    expect(await station.read('Done/a.txt')).toBe('second, and longer');
  });
});

describe('a done folder on another volume', () => {
  it('gets a copy that is compared before the source is removed', async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    const across = (path: string) => path.startsWith(station.path('watch')) || path.endsWith('a.txt');
    const fault = fs.fail({ operation: 'link', path: across, code: 'EXDEV', times: 1 });
    const pool = await station.start({ fs });
    await station.drop('watch/a.txt', 'across');
    await station.settled(pool);
    expect(fault.hits).toBe(1);
    expect(await station.files('Done')).toEqual(['a.txt']);
    expect(await station.read('Done/a.txt')).toBe('across');
    expect(await station.files('watch')).toEqual([]);
  });

  it('that is full keeps the source, leaves nothing half, and is filled when there is room', async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    const inDone = (path: string) => path.startsWith(station.path('Done'));
    fs.fail({ operation: 'link', path: inDone, code: 'EXDEV', times: 1 });
    const full = fs.fail({ operation: 'file.write', path: inDone, code: 'ENOSPC', times: 1 });
    const pool = await station.start({ fs });
    const error = next(pool, 'error');
    await station.drop('watch/a.txt', 'across');
    await error;
    expect(await station.files('watch')).toEqual(['a.txt']);
    expect(await station.files('Done')).toEqual([]);
    await station.settled(pool);
    expect(full.hits).toBe(1);
    expect(await station.files('Done')).toEqual(['a.txt']);
    expect(station.reports()).toHaveLength(1);
  });

  it.skipIf(!existsSync(SHARED_MEMORY))('works for real between two file systems', async () => {
    const station = await Station.open();
    const away = await mkdtemp(join(SHARED_MEMORY, 'millrace-test-'));
    try {
      const pool = await station.start({ converters: [{ converter: text, doneFolder: join(away, 'Done') }] });
      const source = await station.drop('watch/a.txt', 'across\n'.repeat(100_000));
      const [sum, { mtimeMs }] = [await checksum(source), await stat(source)];
      await station.settled(pool);
      expect(await checksum(join(away, 'Done', 'a.txt'))).toBe(sum);
      expect(Math.abs((await stat(join(away, 'Done', 'a.txt'))).mtimeMs - mtimeMs)).toBeLessThan(2);
      expect(await station.files('watch')).toEqual([]);
    } finally {
      await rm(away, { recursive: true });
    }
  });
});
