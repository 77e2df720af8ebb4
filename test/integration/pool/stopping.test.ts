/** The end of a pool: what runs is finished or given up in time, and nothing is lost. */
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station } from './support.js';

describe('stop', () => {
  it('during work loses nothing: what it did not reach is done by the next pool', async () => {
    const COUNT = 60;
    const station = await Station.open();
    for (let n = 0; n < COUNT; n += 1) await station.drop(`watch/${n}.txt`, `unit ${n}`);
    const first = await station.start({ concurrency: 2 });
    let done = 0;
    first.on('completed', () => {
      done += 1;
    });
    await next(first, 'completed', () => done >= 5);
    await first.stop();
    expect(first.state).toBe('stopped');
    const before = station.server.reports.length;
    expect(before).toBeGreaterThanOrEqual(5);
    expect(before).toBeLessThan(COUNT);
    expect(await station.files('watch')).toHaveLength(COUNT - before);

    const second = await station.start();
    await station.settled(second);
    expect(new Set(station.reports().map(report => report.text)).size).toBe(COUNT);
    expect(station.reports()).toHaveLength(COUNT);
    expect(await station.files('Done')).toHaveLength(COUNT);
    expect((await second.audit()).totals.seen).toBe(COUNT);
  });

  it('aborts a converter that hangs at its deadline, and the attempt does not count', async () => {
    const station = await Station.open();
    let aborted: unknown;
    const hanging = converter((_source, { signal }) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
      });
      return new Promise(() => undefined);
    });
    const first = await station.start({ converters: [{ converter: hanging, maxRetries: 0 }] });
    const converting = next(first, 'converting');
    await station.drop('watch/a.txt', 'a');
    expect((await converting).attempt).toBe(1);
    await first.stop({ timeoutMs: 20 });
    expect(aborted).toMatchObject({ code: 'POOL_STOPPING' });
    expect(await station.files('watch')).toEqual(['a.txt']);

    const second = station.pool({ converters: [{ converter: converter(echo), maxRetries: 0 }] });
    const again = next(second, 'converting');
    await second.start();
    expect((await again).attempt).toBe(1);
    await station.settled(second);
    expect(station.reports()).toHaveLength(1);
  });

  it('waits for a conversion that ends in time', async () => {
    const station = await Station.open();
    const hold = gate();
    const pool = await station.start({
      converters: [
        {
          converter: converter(async source => {
            await hold.passed;
            return { name: source.name };
          }),
        },
      ],
    });
    const converting = next(pool, 'converting');
    await station.drop('watch/a.txt', 'a');
    await converting;
    const stopped = pool.stop();
    hold.open();
    await stopped;
    expect(station.reports()).toEqual([{ name: 'a.txt' }]);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });

  it('calls dispose, may be called again, and what is called after it is refused', async () => {
    const station = await Station.open();
    let disposed = 0;
    const dispose = () => {
      disposed += 1;
    };
    const pool = await station.start({ converters: [{ converter: converter(echo, { dispose }) }] });
    await Promise.all([pool.stop(), pool.stop()]);
    await pool.stop();
    expect(disposed).toBe(1);
    await expect(pool.start()).rejects.toMatchObject({ code: 'POOL_STATE' });
    expect(() => pool.items()).toThrow(expect.objectContaining({ code: 'POOL_STATE' }));
  });

  it('while the server is away keeps the reports, and the next pool delivers them', async () => {
    const station = await Station.open();
    await station.server.down();
    const first = await station.start();
    const queued = next(first, 'queuedOffline');
    await station.drop('watch/a.txt', 'a');
    await queued;
    await first.stop();
    await station.server.up();
    const second = await station.start();
    await station.settled(second);
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'a' }]);
    expect((await second.statistics()).files).toMatchObject({ completed: 1, delivering: 0 });
  });
});

describe('run', () => {
  it('works until its signal aborts, and resolves when the pool has stopped', async () => {
    const station = await Station.open();
    const pool = station.pool();
    const stop = new AbortController();
    const completed = next(pool, 'completed');
    const ran = pool.run(stop.signal);
    await station.drop('watch/a.txt', 'a');
    await completed;
    stop.abort();
    await ran;
    expect(pool.state).toBe('stopped');
    expect(station.reports()).toHaveLength(1);
  });

  it('with a signal that is aborted already stops at once', async () => {
    const station = await Station.open();
    const pool = station.pool();
    await pool.run(AbortSignal.abort());
    expect(pool.state).toBe('stopped');
  });
});
