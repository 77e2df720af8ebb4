import { ConverterResult } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station } from './support.js';

/** Reports the text and a limit. */
const withLimit = (highLimit: number) =>
  converter(async source => ({ text: await source.text(), steps: [{ name: 'Vout', highLimit }] }), {
    version: highLimit === 5 ? '1.0.0' : '2.0.0',
  });

describe('a candidate in the shadow of a converter', () => {
  it('runs on live files, sends nothing, and its differences are told', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: withLimit(5), shadow: withLimit(6) }] });
    const told = next(pool, 'shadowDiffers');
    const path = await station.drop('watch/a.txt', 'A');
    expect(await told).toEqual({
      path,
      converter: 'text',
      correlationId: expect.any(String),
      candidateVersion: '2.0.0',
      differences: [
        {
          kind: 'changed',
          path: 'steps["Vout"].highLimit',
          commonPath: 'steps["Vout"].highLimit',
          concerns: 'limit',
          before: 5,
          after: 6,
          report: 0,
        },
      ],
    });
    await station.settled(pool);
    expect(station.reports()).toEqual([{ text: 'A', steps: [{ name: 'Vout', highLimit: 5 }] }]);
    expect(await station.files('Done')).toEqual(['a.txt']);
    expect(station.errors).toEqual([]);
  });

  it('says so when it makes the same, but for what does not matter', async () => {
    const station = await Station.open();
    const shadow = { converter: withLimit(6), ignore: ['**.highLimit'] };
    const pool = await station.start({ converters: [{ converter: withLimit(5), shadow }] });
    const told = next(pool, 'shadowMatched');
    await station.drop('watch/a.txt', 'A');
    expect(await told).toMatchObject({ candidateVersion: '2.0.0' });
  });

  it.each([
    ['throws', () => Promise.reject(new Error('not ready yet')), 'failed: not ready yet'],
    ['never ends', () => new Promise<object>(() => undefined), /^failed: .* took longer than 50 ms$/],
    ['refuses', () => ConverterResult.rejected('not mine'), 'rejected: not mine'],
  ])('that %s does not hurt the file', async (_, convert, after) => {
    const station = await Station.open();
    const shadow = { converter: converter(convert, { version: '2.0.0' }), timeoutMs: 50 };
    const pool = await station.start({ converters: [{ converter: converter(echo), shadow }] });
    const told = next(pool, 'shadowDiffers');
    await station.drop('watch/a.txt', 'A');
    expect((await told).differences).toMatchObject([
      { path: '(outcome)', before: 'success', after: typeof after === 'string' ? after : expect.stringMatching(after) },
    ]);
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
    expect(await station.files('Error')).toEqual([]);
  });

  it('that cannot be initialised is told of, and the pool works', async () => {
    const station = await Station.open();
    const initialize = () => Promise.reject(new Error('no licence'));
    const shadow = converter(echo, { version: '2.0.0', initialize });
    const pool = await station.start({ converters: [{ converter: converter(echo), shadow }] });
    const told = next(pool, 'shadowSkipped');
    await station.drop('watch/a.txt', 'A');
    expect(await told).toMatchObject({ reason: 'no licence' });
    await station.settled(pool);
    expect(station.errors.map(error => error.message)).toEqual([
      "initialize of the candidate 'text' 2.0.0 failed: no licence",
    ]);
  });

  it('sees the content that the converter saw, after the file was moved and replaced', async () => {
    const station = await Station.open();
    const { passed, open } = gate();
    const seen: string[] = [];
    const shadow = converter(
      async source => {
        seen.push(await source.text(), (await source.bytes()).toString(), source.name);
        for await (const line of source.lines()) seen.push(line);
        return { name: source.name, text: await source.text() };
      },
      { version: '2.0.0', initialize: () => passed },
    );
    const pool = await station.start({ converters: [{ converter: converter(echo), shadow }] });
    const completed = next(pool, 'completed');
    const matched = next(pool, 'shadowMatched');
    await station.drop('watch/a.txt', 'A');
    await completed;
    await station.drop('Done/a.txt', 'changed afterwards');
    open();
    await matched;
    expect(seen).toEqual(['A', 'A', 'a.txt', 'A']);
  });

  it('does not keep the pool from stopping', async () => {
    const station = await Station.open();
    const begun = gate();
    const shadow = converter(() => {
      begun.open();
      return new Promise<object>(() => undefined);
    });
    const pool = await station.start({ converters: [{ converter: converter(echo), shadow }] });
    await station.drop('watch/a.txt', 'A');
    await begun.passed;
    await pool.idle();
    await pool.stop();
    expect(pool.state).toBe('stopped');
  });

  it('must be a converter', async () => {
    const station = await Station.open();
    const start = (shadow: unknown) => () =>
      station.pool({ converters: [{ converter: converter(echo), shadow: shadow as never }] });
    expect(start('text')).toThrow(/converters\[0\]\.shadow: must be a converter/);
    expect(start({ module: '/candidate.mjs' })).toThrow(/shadow: must be a converter and no module: .* not in workers/);
    expect(start({ converter: { module: '/candidate.mjs' } })).toThrow(/must be a converter and no module/);
    expect(start({ converter: converter(echo), timeoutMs: 0 })).toThrow(/shadow\.timeoutMs: must be a number/);
    expect(start({ converter: converter(echo), ignore: ['a..b'] })).toThrow(/shadow\.ignore\['a\.\.b'\]: is no path/);
  });
});
