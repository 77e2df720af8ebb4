/** What a converter may say beside "here is the report": not now, nothing to do, not mine, not sure. */
import { ConverterResult, systemClock } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, echo, next, Station } from './support.js';

/** Longer than any test takes. */
const NEVER_MS = 3_600_000;

describe('a suspended file', () => {
  it('waits in the pending folder and is taken up again after its delay', async () => {
    const station = await Station.open();
    const waiting = converter((source, context) =>
      context.attempt === 1
        ? context.suspend('the operator is not logged in', { retryAfterMs: 80 })
        : echo(source, context),
    );
    const pool = await station.start({ converters: [{ converter: waiting }] });
    const suspended = next(pool, 'suspended');
    const cleaned = next(pool, 'cleaned');
    await station.drop('watch/a.txt', 'a');
    expect(await suspended).toMatchObject({ reason: 'the operator is not logged in', retryAfterMs: 80, attempts: 1 });
    expect((await cleaned).target).toBe(station.path('Pending', 'a.txt'));
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'a' }]);
    expect(await station.files('Pending')).toEqual([]);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });

  it('is given up after maxRetries more attempts', async () => {
    const station = await Station.open();
    const attempts: number[] = [];
    const waiting = converter((_source, context) => {
      attempts.push(context.attempt);
      return context.suspend('never ready', { retryAfterMs: 1 });
    });
    const pool = await station.start({ converters: [{ converter: waiting, maxRetries: 2 }] });
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt', 'a');
    expect((await failed).error.message).toContain('never ready');
    await station.settled(pool);
    expect(attempts).toEqual([1, 2, 3]);
    expect(await station.files('Error')).toEqual(['a.txt', 'a.txt.error']);
    expect(await station.files('Pending')).toEqual([]);
  });

  it('is remembered over a restart, with its attempts and its time', async () => {
    const station = await Station.open();
    const later = converter((_source, context) => context.suspend('later', { retryAfterMs: NEVER_MS }));
    const first = await station.start({ converters: [{ converter: later }] });
    const cleaned = next(first, 'cleaned');
    await station.drop('watch/a.txt', 'a');
    await cleaned;
    await first.stop();

    const attempts: number[] = [];
    const now = converter((source, context) => {
      attempts.push(context.attempt);
      return echo(source, context);
    });
    const second = await station.start({ converters: [{ converter: now }] });
    expect((await second.items({ state: 'suspended' })).items).toMatchObject([{ attempts: 1, reason: 'later' }]);
    expect((await second.audit()).differences).toEqual([]);
    expect(await second.explain(station.path('watch', 'a.txt'))).toContain('is suspended');
    expect(attempts).toEqual([]);
    await second.stop();

    // An hour later, by the clock of the station.
    const clock = { ...systemClock, now: () => systemClock.now() + NEVER_MS };
    const third = await station.start({ converters: [{ converter: now }], clock });
    await station.settled(third);
    expect(attempts).toEqual([2]);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });

  it('leaves its name to the next file', async () => {
    const station = await Station.open();
    const waiting = converter(async (source, context) =>
      (await source.text()) === 'first' && context.attempt < 2 ? context.suspend('wait') : echo(source, context),
    );
    const pool = await station.start({ converters: [{ converter: waiting, retryDelayMs: 300 }] });
    const cleaned = next(pool, 'cleaned');
    await station.drop('watch/a.txt', 'first');
    await cleaned;
    await station.drop('watch/a.txt', 'second');
    await station.settled(pool);
    expect(
      station
        .reports()
        .map(report => report.text)
        .sort(),
    ).toEqual(['first', 'second']);
    expect(await station.files('Done')).toEqual(['a.txt', 'a_1.txt']);
  });
});

describe('a converter may say that a file', () => {
  it('has nothing to deliver: it is skipped and cleaned up', async () => {
    const station = await Station.open();
    const skip = converter(() => ConverterResult.skipped('a calibration run'));
    const pool = await station.start({ converters: [{ converter: skip, postProcess: 'delete' }] });
    const skipped = next(pool, 'skipped');
    await station.drop('watch/a.txt', 'a');
    expect((await skipped).reason).toBe('a calibration run');
    await station.settled(pool);
    expect(station.reports()).toEqual([]);
    expect(await station.files('watch')).toEqual([]);
    expect(await pool.explain(station.path('watch', 'a.txt'))).toContain('a calibration run');
  });

  it('is not its own: it is rejected at once, into the error folder', async () => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [{ converter: converter((_source, context) => context.reject('this is a spectrum')) }],
    });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    const told = JSON.parse(await station.read('Error/a.txt.error'));
    expect(told).toMatchObject({ code: 'REJECTED', message: 'this is a spectrum', attempts: 1 });
  });

  it('wants another post-process action than the configured one', async () => {
    const station = await Station.open();
    const remove = converter(source => ConverterResult.success({ name: source.name }, { postProcess: 'delete' }));
    const pool = await station.start({ converters: [{ converter: remove, postProcess: 'move' }] });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect([await station.files('watch'), await station.files('Done')]).toEqual([[], []]);
  });

  it('has warnings and facts, which the event tells', async () => {
    const station = await Station.open();
    const told = { warnings: ['no operator'], metadata: { format: 3 } };
    const pool = await station.start({
      converters: [{ converter: converter(() => ConverterResult.success({}, told)) }],
    });
    const converted = next(pool, 'converted');
    await station.drop('watch/a.txt', 'a');
    expect(await converted).toMatchObject({ ...told, reports: 1 });
    await station.settled(pool);
  });
});

describe('validate', () => {
  it('that finds a file not ready has it looked at again where it is, and that uses up no attempt', async () => {
    const station = await Station.open();
    const calls: string[] = [];
    let looks = 0;
    const careful = converter(
      (source, context) => {
        calls.push(`convert ${context.attempt}`);
        return echo(source, context);
      },
      {
        validate: (_source, { attempt }) => {
          calls.push(`validate ${attempt}`);
          return { canConvert: true, ready: ++looks > 4, retryAfterMs: 10, message: 'no END line' };
        },
      },
    );
    const pool = await station.start({ converters: [{ converter: careful, maxRetries: 1 }] });
    const places: string[][] = [];
    pool.on('suspended', async () => places.push(await station.files('watch')));
    const suspended = next(pool, 'suspended');
    await station.drop('watch/a.txt', 'a');
    expect(await suspended).toMatchObject({ reason: 'no END line', retryAfterMs: 10, attempts: 0 });
    await station.settled(pool);
    expect(calls).toEqual([...Array(5).fill('validate 1'), 'convert 1']);
    expect(places).toEqual(Array(4).fill(['a.txt']));
  });

  it('that finds a file not ready is remembered over a restart', async () => {
    const station = await Station.open();
    const waiting = converter(echo, {
      validate: () => ({ canConvert: true, ready: false, retryAfterMs: NEVER_MS, message: 'no END line' }),
    });
    const first = await station.start({ converters: [{ converter: waiting }] });
    const suspended = next(first, 'suspended');
    await station.drop('watch/a.txt', 'a');
    await suspended;
    expect(await first.explain(station.path('watch', 'a.txt'))).toContain('is suspended');
    await first.stop();

    const second = await station.start({ converters: [{ converter: converter(echo) }] });
    expect((await second.items({ state: 'suspended' })).items).toMatchObject([{ attempts: 0, reason: 'no END line' }]);
    expect((await second.audit()).differences).toEqual([]);
    expect(await station.files('watch')).toEqual(['a.txt']);
  });

  it.each([
    { confidence: 0.9, low: false, delivered: true },
    { confidence: 0.4, low: true, delivered: true },
    { confidence: 0.1, low: true, delivered: false },
  ])('that is $confidence sure: warned of $low, delivered $delivered', async ({ confidence, low, delivered }) => {
    const station = await Station.open();
    const unsure = converter(echo, { validate: () => ({ canConvert: true, confidence }) });
    const pool = await station.start({
      converters: [{ converter: unsure, alarmThreshold: 0.5, rejectThreshold: 0.2 }],
    });
    const warned: number[] = [];
    pool.on('lowConfidence', event => warned.push(event.confidence));
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect(warned).toEqual(low ? [confidence] : []);
    expect(station.reports()).toHaveLength(delivered ? 1 : 0);
    expect(await station.files('Error')).toEqual(delivered ? [] : ['a.txt', 'a.txt.error']);
  });

  it('that cannot convert a file rejects it with its words', async () => {
    const station = await Station.open();
    const other = converter(echo, { validate: () => ({ canConvert: false, message: 'a file of another tester' }) });
    const pool = await station.start({ converters: [{ converter: other }] });
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt', 'a');
    expect((await failed).error).toMatchObject({ code: 'REJECTED', message: 'a file of another tester' });
    await station.settled(pool);
  });
});
