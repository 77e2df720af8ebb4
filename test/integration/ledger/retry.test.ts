import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileSystem, nodeFileSystem } from 'millrace';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { LineConverter, Station } from './support.js';

const tempFolder = temporaryFolders();
const station = async (): Promise<Station> => new Station(join(await tempFolder(), 'station'));

describe('attempts', () => {
  it('are counted over restarts, and the last one fails the file', async () => {
    const one = await station();
    await one.drop('a.csv', 'flaky');
    const options = { converter: { maxRetries: 2, retryDelayMs: 3_600_000 } };
    for (let round = 1; round <= 3; round++) {
      const pool = await one.open(options);
      await waitUntil(async () => {
        const { items } = await pool.items();
        return items[0]?.attempts === round && items[0].state !== 'processing';
      });
      await pool.stop();
    }
    expect(one.converter.attempts).toEqual([1, 2, 3]);
    expect(await one.names('Error')).toEqual(['a.csv', 'a.csv.error']);
    expect(await one.names('watch')).toEqual([]);
  });

  it('are not spent on a file whose format is wrong', async () => {
    const one = await station();
    const pool = await one.open();
    await one.drop('a.csv', 'bad');
    await pool.idle();
    expect(one.converter.attempts).toEqual([1]);
  });

  it('of a suspended file go on where it waits, after a restart', async () => {
    const one = await station();
    const options = { converter: { retryDelayMs: 100 } };
    const first = await one.open({ converter: { retryDelayMs: 3_600_000 } });
    const suspended = new Promise(resolve => first.once('suspended', resolve));
    await one.drop('a.csv', 'later');
    await suspended;
    await waitUntil(async () => (await one.names('Pending')).length === 1);
    await first.stop();
    const second = await one.open(options);
    expect(await second.explain(one.at('a.csv'))).toContain('is suspended by');
    await second.stop();
    expect(one.converter.attempts).toEqual([1]);
    expect(one.lines).toEqual([]);
  });
});

describe('a stop in the middle of a look at a new file', () => {
  it('waits for the look and is no error; the file is taken at the next start', async () => {
    const one = await station();
    let release: () => void = () => undefined;
    const released = new Promise<void>(resolve => {
      release = resolve;
    });
    let looked: () => void = () => undefined;
    const looking = new Promise<void>(resolve => {
      looked = resolve;
    });
    const stat: FileSystem['stat'] = async path => {
      if (!path.endsWith('a.csv')) return nodeFileSystem.stat(path);
      looked();
      await released;
      return nodeFileSystem.stat(path);
    };
    const pool = await one.open({ fs: { ...nodeFileSystem, stat } });
    await one.drop('a.csv', 'a');
    await looking;
    const stopping = pool.stop();
    // A stop that waits for the look goes on when it is let go; one that does not has closed the ledger by then.
    await Promise.race([stopping, delay(1000)]);
    release();
    await stopping;
    await (await one.open()).idle();
    expect(one.lines).toEqual(['a']);
    expect(one.errors).toEqual([]);
  });
});

describe('failed files', () => {
  async function withFailed(): Promise<Station> {
    const one = await station();
    const pool = await one.open();
    await one.drop('a.csv', 'bad one');
    await pool.idle();
    await pool.stop();
    expect(one.converter.attempts).toEqual([1]);
    return one;
  }

  it('stay where they are while the converter is the same', async () => {
    const one = await withFailed();
    one.converter = new LineConverter();
    const pool = await one.open();
    await pool.idle();
    expect(one.converter.attempts).toEqual([]);
  });

  it('are taken up again by another version of their converter', async () => {
    const one = await withFailed();
    one.converter = new LineConverter({ version: '1.0.1' });
    const pool = await one.open();
    await pool.idle();
    expect(one.converter.attempts).toEqual([1]);
    await pool.stop();
    // It failed again, with that version. That is remembered.
    one.converter = new LineConverter({ version: '1.0.1' });
    await (await one.open()).idle();
    expect(one.converter.attempts).toEqual([]);
  });

  it('are taken up again with other arguments, whatever order the same ones are written in', async () => {
    const one = await withFailed();
    one.converter = new LineConverter({ args: { a: 1, b: 2 } });
    let pool = await one.open();
    await pool.idle();
    expect(one.converter.attempts).toEqual([1]);
    await pool.stop();
    one.converter = new LineConverter({ args: { b: 2, a: 1 } });
    pool = await one.open();
    await pool.idle();
    expect(one.converter.attempts).toEqual([]);
    await pool.stop();
    pool = await one.open({ converter: { arguments: { a: 7 } } });
    await pool.idle();
    expect(one.converter.attempts).toEqual([1]);
  });
});

describe('retry()', () => {
  it('takes failed files up again, delivers them and cleans the error folder', async () => {
    const one = await station();
    const pool = await one.open({ converter: { maxRetries: 0 } });
    const path = await one.drop('a.csv', 'flaky');
    await pool.idle();
    expect(await one.names('Error')).toEqual(['a.csv', 'a.csv.error']);
    one.converter.calm = true;
    expect(await pool.retry()).toBe(1);
    await pool.idle();
    expect(one.lines).toEqual(['flaky']);
    expect([await one.names('Error'), await one.names('Done')]).toEqual([[], ['a.csv']]);
    expect(await pool.explain(path)).toContain('was delivered');
    expect((await pool.audit()).totals.files).toEqual({ completed: 1 });
    expect(await pool.retry()).toBe(0);
  });

  it('takes only what the filter names', async () => {
    const one = await station();
    const pool = await one.open({ converter: { maxRetries: 0 } });
    const paths = [
      await one.drop('a.csv', 'flaky a'),
      await one.drop('b.csv', 'flaky b'),
      await one.drop('c.csv', 'bad'),
    ];
    await pool.idle();
    one.converter.calm = true;
    expect(await pool.retry({ converterName: 'xml' })).toBe(0);
    expect(await pool.retry({ paths: [paths[1] ?? ''] })).toBe(1);
    await pool.idle();
    expect(one.lines).toEqual(['flaky b']);
    expect(await pool.retry({ code: 'FILE_FORMAT' })).toBe(1);
    await pool.idle();
    expect(one.lines).toEqual(['flaky b']);
    expect(await pool.retry({ converterName: 'csv' })).toBe(2);
    await pool.idle();
    expect([...one.lines].sort()).toEqual(['flaky a', 'flaky b']);
    expect((await pool.audit()).totals.files).toEqual({ completed: 2, failed: 1 });
  });
});

describe('items()', () => {
  it('pages through the files of a state and a converter, each once', async () => {
    const one = await station();
    const pool = await one.open();
    for (let index = 0; index < 12; index++) {
      await one.drop(`${String(index).padStart(2, '0')}.csv`, index % 3 === 0 ? `bad ${index}` : `good ${index}`);
    }
    await pool.idle();
    const read = async (filter: Parameters<typeof pool.items>[0]): Promise<string[]> => {
      const paths: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await pool.items({ ...filter, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        paths.push(...page.items.map(item => item.path));
        expect(page.items.length).toBeLessThanOrEqual(3);
        cursor = page.nextCursor;
        if (cursor === undefined) return paths.sort();
      }
    };
    expect((await read({})).length).toBe(12);
    expect(await read({ state: 'failed' })).toEqual(['00.csv', '03.csv', '06.csv', '09.csv']);
    expect((await read({ state: 'completed', converterName: 'csv' })).length).toBe(8);
    expect(await read({ converterName: 'xml' })).toEqual([]);
    expect(await read({ state: 'suspended' })).toEqual([]);
  });

  it('lists states that only the process knows', async () => {
    const one = await station();
    const pool = await one.open({ converter: { stabilityMs: 3_600_000 } });
    const discovered = new Promise(resolve => pool.once('discovered', resolve));
    await one.drop('a.csv', 'a');
    await discovered;
    const { items } = await pool.items({ state: 'growing' });
    expect(items).toMatchObject([{ path: 'a.csv', state: 'growing', converter: 'csv' }]);
    expect((await pool.items({ state: 'queued' })).items).toEqual([]);
  });
});

async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: 30_000, interval: 10 }).toBe(true);
}
