import { readFile, writeFile } from 'node:fs/promises';
import {
  ConfigError,
  type Conversion,
  type ConverterContext,
  type ConverterOptions,
  type ConverterSource,
  type PullContext,
  type Pulled,
  type PulledItem,
  ScheduledConverter,
} from 'millrace';
import { ManualClock } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { gate, next, Station, until } from './support.js';

type Pull = (context: PullContext) => Pulled | Promise<Pulled>;

/** Reports what it pulled. */
function orders(pull: Pull, fields: Partial<ScheduledConverter> = {}): ScheduledConverter {
  class Orders extends ScheduledConverter {
    readonly name = 'orders';
    readonly schedule = { everyMs: 3_600_000 };
    pull = pull;

    async convert(source: ConverterSource, _context: ConverterContext): Promise<Conversion<object>> {
      return JSON.parse(await source.text()) as object;
    }
  }
  return Object.assign(new Orders(), fields);
}

const one = (converter: ScheduledConverter, options: Partial<ConverterOptions> = {}) => ({
  converters: [{ watchFolder: undefined as never, retryDelayMs: 20, converter, ...options }],
});

describe('a scheduled converter', () => {
  it('pulls at the start; each item is a source with a row, a key and a clean-up of its own', async () => {
    const station = await Station.open();
    const pool = await station.start(
      one(orders(() => [{ content: { sn: 1 } }, { content: { sn: 2 }, key: 'order 2/b' }])),
    );
    const { items, known } = await next(pool, 'pulled');
    expect([items, known]).toEqual([2, 0]);
    await station.settled(pool);
    expect(
      station
        .reports<{ sn: number }>()
        .map(({ sn }) => sn)
        .sort(),
    ).toEqual([1, 2]);
    const page = await pool.items();
    expect(page.items.map(({ state, converter, attempts }) => [state, converter, attempts])).toEqual([
      ['completed', 'orders', 1],
      ['completed', 'orders', 1],
    ]);
    const keyed = page.items.find(({ path }) => path.startsWith('order_2_b.'));
    expect(await pool.explain(`${keyed?.root}/${keyed?.path}`)).toMatch(/order_2_b\..* was delivered by 'orders'/);
    expect(await station.files('state/pulled/orders/items')).toEqual(['.schedule.json']);
  });

  it('takes an item once, whatever is pulled again, over restarts as well', async () => {
    const station = await Station.open();
    let content = 1;
    const pull = () => [{ content: { same: true } }, { content: { content: content++ }, key: 'K' }];
    const converter = orders(pull, { schedule: { everyMs: 20 } });
    const first = await station.start(one(converter));
    await next(first, 'pulled', ({ known }) => known === 2);
    await station.settled(first);
    await first.stop();
    const pool = await station.start(one(converter));
    await next(pool, 'pulled', ({ known }) => known === 2);
    await pool.stop();
    expect(station.reports()).toHaveLength(2);
    expect(station.reports()).toContainEqual({ content: 1 });
  });

  it('takes two items of one content for two where they have keys', async () => {
    const station = await Station.open();
    const pool = await station.start(one(orders(() => ['a', 'b'].map(key => ({ key, content: { ok: true } })))));
    await next(pool, 'pulled');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ ok: true }, { ok: true }]);
    expect(new Set(station.server.reports.map(report => report.idempotencyKey)).size).toBe(2);
  });

  it('goes on where its last durable item was, and is told when it last ran', async () => {
    const station = await Station.open();
    const told: [unknown, boolean][] = [];
    async function* pull({ cursor, lastRunAt }: PullContext): AsyncGenerator<PulledItem> {
      told.push([cursor, lastRunAt instanceof Date]);
      const from = Number(cursor ?? 0);
      for (let id = from + 1; id <= from + 2; id++) yield { content: { id }, cursor: id };
    }
    const first = await station.start(one(orders(pull)));
    await next(first, 'pulled');
    await first.stop();
    const pool = await station.start(one(orders(pull, { schedule: { everyMs: 10 } })));
    await next(pool, 'pulled');
    await pool.stop();
    expect(told.slice(0, 2)).toEqual([
      [undefined, false],
      [2, true],
    ]);
  });

  it('tells the source what was taken once it is on the disk, and not before', async () => {
    const station = await Station.open();
    const seen: number[] = [];
    const converter = orders(() => [{ content: { sn: 1 } }], {
      onPulled: async () => {
        seen.push((await station.files('state/pulled/orders/items')).filter(name => !name.startsWith('.')).length);
      },
    });
    const pool = station.pool(one(converter));
    await pool.start();
    await next(pool, 'pulled');
    expect(seen.length).toBe(1);
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
  });

  it('puts an item that fails into the error folder, and takes it again only with other content', async () => {
    const station = await Station.open();
    let text = 'not JSON';
    const converter = orders(() => [{ content: text, key: 'K' }], { schedule: { everyMs: 20 } });
    const pool = await station.start(one(converter));
    await next(pool, 'failed');
    await next(pool, 'pulled', ({ known }) => known === 1);
    text = '{"sn":1}';
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ sn: 1 }]);
    const errors = await station.files('state/pulled/orders/Error');
    expect(errors.map(name => name.replace(/[0-9a-f]{64}/, 'hash'))).toEqual([
      'K.hash.key.txt',
      'K.hash.key.txt.error',
    ]);
  });

  it.each(['move', 'zip', 'keep'] as const)('cleans up as the options say: %s', async postProcess => {
    const station = await Station.open();
    const doneFolder = station.path('Done');
    const pool = await station.start(
      one(
        orders(() => [{ content: { sn: 1 }, key: 'K' }]),
        { postProcess, doneFolder },
      ),
    );
    await next(pool, 'pulled');
    await station.settled(pool);
    expect(await station.files('Done')).toHaveLength(postProcess === 'keep' ? 0 : 1);
    expect(await station.files('state/pulled/orders/items')).toHaveLength(postProcess === 'keep' ? 2 : 1);
  });
});

describe('the schedule', () => {
  it('never has two runs at once, and makes up for what it missed once', async () => {
    const station = await Station.open();
    let running = 0;
    let most = 0;
    let runs = 0;
    const open = gate();
    const pull = async () => {
      most = Math.max(most, ++running);
      runs += 1;
      if (runs === 1) await open.passed;
      running -= 1;
      return [];
    };
    const clock = new ManualClock();
    const pool = station.pool({
      ...one(orders(pull, { schedule: { everyMs: 60_000 } }), { timeoutMs: 3_600_000 }),
      clock,
    });
    const ran = next(pool, 'pulled');
    await pool.start();
    await until(() => runs === 1);
    await clock.advance(10 * 60_000);
    open.open();
    await ran;
    // Ten were due while the first ran.
    await until(() => runs === 2);
    await clock.advance(59_000);
    expect([runs, most]).toEqual([2, 1]);
    await clock.advance(60_000);
    await until(() => runs >= 3);
    expect(most).toBe(1);
  });

  it('runs a cron pattern in its time zone, and after a restart once for all that was missed', async () => {
    const station = await Station.open();
    const clock = new ManualClock(Date.UTC(2026, 0, 1, 10, 0));
    const times: string[] = [];
    const pull = () => {
      times.push(new Date(clock.now()).toISOString().slice(11, 16));
      return [];
    };
    const schedule = { cron: '30 12 * * *', timeZone: 'Europe/Oslo' };
    const first = station.pool({ ...one(orders(pull, { schedule })), clock });
    await first.start();
    await first.idle();
    expect(times).toEqual([]);
    const ran = next(first, 'pulled');
    await clock.advance(2 * 3_600_000);
    await ran;
    expect(times.length).toBe(1);
    await first.stop();
    await clock.advance(5 * 24 * 3_600_000);
    const pool = station.pool({ ...one(orders(pull, { schedule })), clock });
    await pool.start();
    await until(() => times.length === 2);
    await pool.idle();
    await clock.advance(3_600_000);
    expect(times.length).toBe(2);
  });

  it('repeats a run that failed with growing delays, and says so; what came before the failure is taken', async () => {
    const station = await Station.open();
    let turn = 0;
    async function* pull(): AsyncGenerator<PulledItem> {
      turn += 1;
      for (let id = 0; id < 64; id++) yield { content: { id } };
      if (turn < 3) throw new Error('no connection');
    }
    const pool = await station.start(one(orders(pull)));
    const failures: [number, number, string][] = [];
    pool.on('pullFailed', ({ failures: count, retryAfterMs, error }) =>
      failures.push([count, retryAfterMs, `${(error as { code?: string }).code} ${error.message}`]),
    );
    const { items, known } = await next(pool, 'pulled');
    await station.settled(pool);
    expect(failures).toEqual([
      [1, 20, 'PULL_FAILED no connection'],
      [2, 40, 'PULL_FAILED no connection'],
    ]);
    expect([items, known]).toEqual([64, 64]);
    expect(station.reports()).toHaveLength(64);
  });

  it('gives up a run in which nothing comes, and begins none before that one has ended', async () => {
    const station = await Station.open();
    const clock = new ManualClock();
    const hanging = gate();
    let runs = 0;
    let aborted = false;
    const pull = async ({ signal }: PullContext) => {
      runs += 1;
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      if (runs === 1) await hanging.passed;
      return [];
    };
    const pool = station.pool({ ...one(orders(pull), { timeoutMs: 5_000 }), clock });
    await pool.start();
    await until(() => runs === 1);
    const failed = next(pool, 'pullFailed');
    await clock.advance(5_000);
    expect([((await failed).error as { code?: string }).code, aborted]).toEqual(['CONVERTER_TIMEOUT', true]);
    await clock.advance(60_000);
    expect(runs).toBe(1);
    const ran = next(pool, 'pulled');
    hanging.open();
    await clock.advance(2_000);
    await ran;
    expect(runs).toBe(2);
  });

  it('does not hold stop() up, even by a run that hangs for ever', async () => {
    const station = await Station.open();
    let runs = 0;
    const pull = () => {
      runs += 1;
      return new Promise<never>(() => undefined);
    };
    const pool = await station.start(one(orders(pull)));
    await until(() => runs === 1);
    await pool.stop();
    expect(pool.state).toBe('stopped');
  });

  it('waits while the converter is paused, and does not run for one that was removed', async () => {
    const station = await Station.open();
    let runs = 0;
    const pull = () => {
      runs += 1;
      return [];
    };
    const pool = station.pool(one(orders(pull, { schedule: { everyMs: 10 } })));
    pool.pause('orders');
    await pool.start();
    await pool.idle();
    expect(runs).toBe(0);
    pool.resume();
    await next(pool, 'pulled');
    await pool.removeConverter('orders');
    const before = runs;
    const pulled = next(pool, 'pulled', ({ converter }) => converter === 'others');
    await pool.addConverter(one(orders(pull, { name: 'others' })).converters[0] as ConverterOptions);
    await pulled;
    expect(runs).toBe(before + 1);
  });

  it('begins anew when its books are damaged, and says so; the ledger knows what was taken', async () => {
    const station = await Station.open();
    const converter = orders(({ cursor }) => (cursor === 1 ? [] : [{ content: { id: 1 }, cursor: 1 }]));
    const first = await station.start(one(converter));
    await next(first, 'pulled');
    await station.settled(first);
    await first.stop();
    const books = station.path('state/pulled/orders/items/.schedule.json');
    expect(JSON.parse(await readFile(books, 'utf8'))).toMatchObject({ cursor: 1 });
    await writeFile(books, '{"since":');
    const pool = await station.start(one(converter));
    expect(await next(pool, 'pulled')).toMatchObject({ items: 1, known: 1 });
    expect(station.errors.map(error => (error as { code?: string }).code)).toEqual(['STORE_DAMAGED']);
  });
});

describe('options of a scheduled converter', () => {
  it.each([
    [{ everyMs: 5 }, 'at least 10'],
    [{ cron: 'every day' }, 'CronPattern: invalid'],
    [{ cron: '0 0 30 2 *' }, 'never comes'],
    [{ cron: '@hourly', everyMs: 10 }, 'not both'],
    [{ cron: '@hourly', timeZone: 'Mars/Olympus' }, 'Mars'],
    ['hourly', 'must be { everyMs } or { cron }'],
  ])('%j is a problem with a path and a reason', async (schedule, message) => {
    const station = await Station.open();
    const make = () =>
      station.pool(
        one(
          orders(() => []),
          { schedule: schedule as never },
        ),
      );
    expect(make).toThrow(ConfigError);
    expect(make).toThrow('converters[0].schedule');
    expect(make).toThrow(message);
  });
});
