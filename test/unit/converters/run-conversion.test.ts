import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Conversion, ConverterBase, type ValidationResult } from '../../../src/converters/converter-base.js';
import { ConverterResult } from '../../../src/converters/converter-result.js';
import { type ConversionJob, makeContext, runConversion } from '../../../src/converters/run-conversion.js';
import type { ConverterSource } from '../../../src/converters/source.js';
import { ConverterError, FileFormatError, MillraceError } from '../../../src/errors.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

/** A converter that does what the test says. */
class TestConverter extends ConverterBase {
  readonly name = 'test';
  readonly supportedExtensions = ['.csv'];
  readonly #convert: (signal: AbortSignal) => unknown;

  constructor(convert: (signal: AbortSignal) => unknown, validation?: ValidationResult) {
    super();
    this.#convert = convert;
    if (validation) this.validate = () => validation;
  }

  convert(
    _source: ConverterSource,
    context: { signal: AbortSignal },
  ): Conversion<object> | Promise<Conversion<object>> {
    return this.#convert(context.signal) as Conversion<object>;
  }
}

const FACTS = {
  arguments: {},
  logger: silentLogger,
  attempt: 1,
  correlationId: 'c',
  stationName: 's',
  folders: { watch: '', done: '', error: '', pending: '' },
};

function job(
  convert: (signal: AbortSignal) => unknown,
  options: Partial<ConversionJob> & { validation?: ValidationResult } = {},
) {
  const { validation, ...rest } = options;
  const clock = new ManualClock();
  const abort = new AbortController();
  return {
    clock,
    abort,
    job: {
      converter: new TestConverter(convert, validation),
      source: { path: join(tmpdir(), 'a.csv') } as ConverterSource,
      facts: FACTS,
      timeoutMs: 1000,
      rejectThreshold: 0.2,
      clock,
      signal: abort.signal,
      ...rest,
    } satisfies ConversionJob,
  };
}

const run = (...args: Parameters<typeof job>): Promise<ConverterResult> => runConversion(job(...args).job);

describe('what a converter returns', () => {
  it.each<[string, unknown]>([
    ['a report', { a: 1 }],
    ['a promise of a report', Promise.resolve({ a: 1 })],
    ['a list of one', [{ a: 1 }]],
    ['a result', ConverterResult.success({ a: 1 })],
  ])('is a success as %s', async (_name, returned) => {
    expect(await run(() => returned)).toMatchObject({ status: 'success', reports: [{ a: 1 }] });
  });

  it('may be several reports, in order', async () => {
    const reports = [{ n: 1 }, { n: 2 }, { n: 3 }];
    expect((await run(() => reports)).reports).toEqual(reports);
  });

  it('is skipped as an empty list: there is nothing to deliver', async () => {
    expect(await run(() => [])).toMatchObject({ status: 'skipped', reason: expect.stringContaining('no report') });
  });

  it.each<[string, ConverterResult]>([
    ['suspended', ConverterResult.suspended('later', { retryAfterMs: 5 })],
    ['skipped', ConverterResult.skipped('nothing in it')],
    ['rejected', ConverterResult.rejected('not mine')],
    ['failed', ConverterResult.failed(new Error('broken'))],
  ])('may say that it %s', async (status, returned) => {
    const result = await run(() => returned);
    expect(result).toBe(returned);
    expect(result.status).toBe(status);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'report'],
    ['a number', 7],
    ['true', true],
  ])('is a failure as %s', async (_name, returned) => {
    const result = await run(() => returned);
    expect(result.status).toBe('failed');
    expect(result.error).toBeInstanceOf(ConverterError);
    expect(result.error?.message).toContain(String(returned));
  });

  it('is a failure when one report of several is none, and says which', async () => {
    const result = await run(() => [{ a: 1 }, undefined]);
    expect(result.error?.message).toContain('undefined as report 1 of 2');
  });
});

describe('what a converter throws', () => {
  it('is a failure with the converter’s own stack', async () => {
    const thrown = new TypeError('x is not a function');
    const result = await run(() => {
      throw thrown;
    });
    expect(result).toMatchObject({ status: 'failed', error: { message: 'x is not a function', cause: thrown } });
    expect(result.error).toBeInstanceOf(ConverterError);
    expect(result.error?.stack).toBe(thrown.stack);
  });

  it('stays what it is when it is one of ours', async () => {
    const thrown = new FileFormatError('no header');
    expect((await run(() => Promise.reject(thrown))).error).toBe(thrown);
  });

  it.each([undefined, null, 'a text', 42, { code: 'X' }])('may be anything: %s', async thrown => {
    const result = await run(() => {
      throw thrown;
    });
    expect(result.status).toBe('failed');
    expect(result.error).toBeInstanceOf(ConverterError);
    expect(result.error?.message).not.toBe('');
  });

  it('is no failure when it says that the source changed: the conversion is void', async () => {
    const changed = new MillraceError('SOURCE_CHANGED', 'changed');
    await expect(run(() => Promise.reject(changed))).rejects.toBe(changed);
  });
});

describe('time', () => {
  it('ends a conversion that takes too long, even one that ignores its signal', async () => {
    let seen: AbortSignal | undefined;
    const { job: conversion, clock } = job(signal => {
      seen = signal;
      return new Promise(() => undefined);
    });
    const running = runConversion(conversion);
    await clock.advance(999);
    expect(seen?.aborted).toBe(false);
    await clock.advance(1);
    const result = await running;
    expect(result).toMatchObject({ status: 'failed', error: { code: 'CONVERTER_TIMEOUT' } });
    expect(seen?.aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('is not kept when the conversion ends before', async () => {
    const { job: conversion, clock } = job(() => ({ a: 1 }));
    await runConversion(conversion);
    expect(clock.timers).toBe(0);
  });

  it('does not let a late rejection loose on the process', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { job: conversion, clock } = job(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    const running = runConversion(conversion);
    await clock.advance(1000);
    expect((await running).status).toBe('failed');
    fail(new Error('late'));
    // An unhandled rejection would fail this test file.
    await new Promise(setImmediate);
  });
});

describe('a stop', () => {
  it('makes the conversion void, not failed, and lets go of the pool’s signal', async () => {
    const { job: conversion, abort } = job(() => new Promise(() => undefined));
    const running = runConversion(conversion);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'POOL_STOPPING' });
  });

  it('that came before lets no conversion begin', async () => {
    let began = false;
    const {
      job: conversion,
      abort,
      clock,
    } = job(() => {
      began = true;
    });
    abort.abort();
    await expect(runConversion(conversion)).rejects.toMatchObject({ code: 'POOL_STOPPING' });
    expect([began, clock.timers]).toEqual([false, 0]);
  });
});

describe('validation', () => {
  const never = (): never => {
    throw new Error('must not be converted');
  };

  it('that is content lets the conversion begin, and its confidence is told', async () => {
    const told: number[] = [];
    const validation = { canConvert: true, confidence: 0.4 };
    const result = await run(() => ({ a: 1 }), {
      validation,
      onValidation: ({ confidence = 1 }) => told.push(confidence),
    });
    expect([result.status, told]).toEqual(['success', [0.4]]);
  });

  it('that is not ready suspends', async () => {
    const validation = { canConvert: true, ready: false, retryAfterMs: 7, message: 'no footer' };
    const result = await run(never, { validation });
    expect(result).toMatchObject({ status: 'suspended', reason: 'no footer', retryAfterMs: 7 });
  });

  it('that cannot convert rejects', async () => {
    const result = await run(never, { validation: { canConvert: false, message: 'a picture' } });
    expect(result).toMatchObject({ status: 'rejected', reason: 'a picture' });
  });

  it('that is not sure enough rejects, at the threshold not yet', async () => {
    const low = await run(never, { validation: { canConvert: true, confidence: 0.19 } });
    expect(low).toMatchObject({ status: 'rejected', reason: expect.stringContaining('0.19') });
    const enough = await run(() => ({ a: 1 }), { validation: { canConvert: true, confidence: 0.2 } });
    expect(enough.status).toBe('success');
  });
});

describe('a context', () => {
  it('makes results', () => {
    const context = makeContext(FACTS, new AbortController().signal);
    expect(context.suspend('later', { retryAfterMs: 3 })).toMatchObject({ status: 'suspended', retryAfterMs: 3 });
    expect(context.reject('no')).toMatchObject({ status: 'rejected', reason: 'no' });
  });
});

describe('which files are a converter’s', () => {
  class Matching extends ConverterBase {
    readonly name = 'm';
    readonly supportedExtensions = ['.csv', '.TXT'];
    override readonly filePatterns = ['logs/**/*.log'];
    convert(): object {
      return {};
    }
  }

  it.each([
    ['a.csv', true],
    ['a.CSV', true],
    ['x/a.txt', true],
    ['logs/2026/a.log', true],
    ['LOGS/a.LOG', true],
    ['a.log', false],
    ['acsv', false],
    ['a.csv.bak', false],
  ])('%s: %s', (path, expected) => {
    expect(new Matching().matchesFile(path)).toBe(expected);
  });
});
