import { describe, expect, it } from 'vitest';
import { choose } from '../../../src/converters/choose.js';
import { ConverterBase, type ValidationResult } from '../../../src/converters/converter-base.js';
import type { ConversionJob } from '../../../src/converters/run-conversion.js';
import type { ConverterSource } from '../../../src/converters/source.js';
import { MillraceError } from '../../../src/errors.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

type Says = ValidationResult | Error | undefined | 'nothing' | 'for ever';

/** A converter that says this when it is asked; without a word, it has no `validate`. */
class Asked extends ConverterBase {
  readonly name: string;
  readonly supportedExtensions = ['.txt'];

  constructor(name: string, says: Says) {
    super();
    this.name = name;
    if (says === undefined) return;
    this.validate = () => {
      if (says instanceof Error) throw says;
      if (says === 'for ever') return new Promise(() => undefined);
      return (says === 'nothing' ? undefined : says) as ValidationResult;
    };
  }

  convert(): never {
    throw new Error('must not be converted');
  }
}

function ask(answers: readonly Says[], { clock = new ManualClock(), signal = new AbortController().signal } = {}) {
  const told: [number, string][] = [];
  const jobs = answers.map(
    (says, index): ConversionJob => ({
      converter: new Asked('abc'[index] as string, says),
      source: { path: 'a.txt' } as ConverterSource,
      facts: {
        arguments: {},
        logger: silentLogger,
        attempt: 1,
        correlationId: 'c',
        stationName: 's',
        folders: { watch: '', done: '', error: '', pending: '' },
      },
      timeoutMs: 1000,
      rejectThreshold: 0.2,
      clock,
      signal,
    }),
  );
  return { told, choice: choose(jobs, (error, index) => told.push([index, error.message])) };
}

const yes = (confidence?: number): ValidationResult => ({
  canConvert: true,
  ...(confidence === undefined ? {} : { confidence }),
});
const no = (message: string): ValidationResult => ({ canConvert: false, message });

describe('a choice', () => {
  it.each<[string, Says[], number]>([
    ['is the surest', [yes(0.6), yes(0.9), yes(0.7)], 1],
    ['is the first of equally sure ones', [yes(0.6), yes(0.8), yes(0.8)], 1],
    ['may be one without validate: it is sure', [yes(0.99), undefined, yes(1)], 1],
    ['may be one without a confidence: it is sure', [yes(0.99), yes()], 1],
    ['is none that cannot convert, however sure', [{ canConvert: false, confidence: 1 }, yes(0.3)], 1],
    ['is none whose confidence is no number', [yes(Number.NaN), yes(0.3)], 1],
    ['is none that throws', [new Error('broken'), yes(0.3)], 1],
    ['is none that says nothing', ['nothing', yes(0.3)], 1],
    ['may be at the threshold', [yes(0.2), yes(0.19)], 0],
    ['does not wait for one that is less sure', [yes(0.9), { ...yes(0.8), ready: false }], 0],
  ])('%s', async (_what, answers, index) => {
    expect(await ask(answers).choice).toMatchObject({ kind: 'chosen', index });
  });

  it.each<[string, Says[], number]>([
    ['the surest is not ready', [yes(0.8), { ...yes(0.9), ready: false, message: 'm', retryAfterMs: 7 }], 1],
    ['nobody takes it yet', [no('n'), { canConvert: false, ready: false, message: 'm', retryAfterMs: 7 }], 1],
  ])('is put off when %s', async (_what, answers, index) => {
    const refusal = { later: true, reason: 'm', retryAfterMs: 7 };
    expect(await ask(answers).choice).toEqual({ kind: 'later', index, refusal });
  });

  it('of nobody gives the reason of each', async () => {
    expect(await ask([no('not mine'), yes(0.1)]).choice).toEqual({
      kind: 'rejected',
      reason: "no converter of this folder takes it: 'a': not mine; 'b': confidence 0.1 is below the threshold of 0.2",
    });
  });

  it('of nobody is a failure when one could not say, with the cause and the reason of each', async () => {
    const busy = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
    const { told, choice } = ask([no('not mine'), busy]);
    const reached = await choice;
    expect(reached).toMatchObject({ kind: 'failed', error: { code: 'CONVERTER_FAILED' } });
    const { error } = reached as Extract<Awaited<typeof choice>, { kind: 'failed' }>;
    expect(error.message).toBe("no converter of this folder takes it: 'a': not mine; 'b': away");
    expect((error.cause as Error).cause).toBe(busy);
    expect(told).toEqual([[1, 'away']]);
  });

  it('does not wait for ever: one that takes too long is out, by name', async () => {
    const clock = new ManualClock();
    const { told, choice } = ask(['for ever', yes(0.3)], { clock });
    await clock.advance(1000);
    expect(await choice).toMatchObject({ kind: 'chosen', index: 1 });
    expect(told).toEqual([[0, "Converter 'a' took longer than 1000 ms"]]);
    expect(clock.timers).toBe(0);
  });

  it.each(['POOL_STOPPING', 'SOURCE_CHANGED'] as const)('that runs into %s is void', async code => {
    await expect(ask([yes(1), new MillraceError(code, 'void')]).choice).rejects.toMatchObject({ code });
  });
});
