import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ConverterBase, type ConverterContext, type ValidationResult } from '../../../src/converters/converter-base.js';
import { ConverterResult } from '../../../src/converters/converter-result.js';
import type { ConverterSource } from '../../../src/converters/source.js';
import { ConverterError, ConverterTimeoutError, FileFormatError } from '../../../src/errors.js';
import {
  type ConverterRun,
  fuzzConverter,
  matchGolden,
  type ReportOf,
  runConverter,
} from '../../../src/testing/index.js';
import { mutated } from '../../../src/testing/mutate.js';
import { repoRoot, runNode } from '../../support/run.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const newFolder = temporaryFolders();

type Arguments = { unit?: string };
type Report = { sn: string };

/** A converter that does what its test says. */
class Scripted extends ConverterBase<Report, Arguments> {
  readonly name = 'scripted';
  readonly supportedExtensions = ['.csv'];
  readonly calls: string[] = [];
  readonly #script: (source: ConverterSource, context: ConverterContext<Arguments>) => unknown;
  declare validate?: (source: ConverterSource) => ValidationResult;

  constructor(
    script: (source: ConverterSource, context: ConverterContext<Arguments>) => unknown,
    validation?: ValidationResult,
  ) {
    super({ unit: 'V' });
    this.#script = script;
    if (validation) this.validate = () => validation;
  }

  async convert(source: ConverterSource, context: ConverterContext<Arguments>): Promise<Report> {
    this.calls.push('convert');
    return (await this.#script(source, context)) as Report;
  }

  override initialize(): void {
    this.calls.push('initialize');
  }
  override dispose(): void {
    this.calls.push('dispose');
  }
  override onSuccess(): void {
    this.calls.push('onSuccess');
  }
  override onFailure(): void {
    this.calls.push('onFailure');
  }
}

const sn = async (source: ConverterSource) => ({ sn: (await source.text()).trim() });

describe('runConverter', () => {
  it('gives the reports, with their type', async () => {
    const run = await runConverter(new Scripted(sn), 'S1\n');
    expectTypeOf(run).toEqualTypeOf<ConverterRun<Report>>();
    // Whatever a converter may return, its reports have one type.
    expectTypeOf<ReportOf<ConverterBase<Report>>>().toEqualTypeOf<Report>();
    expect(run).toMatchObject({
      status: 'success',
      reports: [{ sn: 'S1' }],
      warnings: [],
      metadata: {},
      logs: [],
      matches: true,
    });
    expect(run.durationMs).toBeGreaterThanOrEqual(0);
    expect([run.error, run.reason, run.validation]).toEqual([undefined, undefined, undefined]);
  });

  it('takes a path, a text or bytes', async () => {
    const path = join(await newFolder(), 'a.csv');
    await writeFile(path, 'from a file');
    const inputs = [
      path,
      { path },
      'of two\nlines',
      'S1;P',
      { text: 'looks/like/a.csv' },
      Buffer.from('bytes'),
      { bytes: new Uint8Array([65]) },
    ];
    const runs = await Promise.all(inputs.map(input => runConverter(new Scripted(sn), input)));
    expect(runs.map(run => run.reports[0]?.sn)).toEqual([
      'from a file',
      'from a file',
      'of two\nlines',
      'S1;P',
      'looks/like/a.csv',
      'bytes',
      'A',
    ]);
    await expect(runConverter(new Scripted(sn), join(path, '..', 'missing.csv'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('shows the converter the same as the pool does', async () => {
    let seen: unknown;
    const look = async (source: ConverterSource, context: ConverterContext<Arguments>) => {
      const lines: string[] = [];
      for await (const line of source.lines()) lines.push(line);
      const chunks: Buffer[] = [];
      for await (const chunk of source.stream()) chunks.push(chunk as Buffer);
      const { arguments: args, attempt, stationName, correlationId } = context;
      seen = {
        lines,
        bytes: String(Buffer.concat(chunks)),
        name: source.name,
        size: source.size,
        args,
        attempt,
        stationName,
        correlationId,
      };
      context.logger.warn({ lines: 2 }, 'odd');
      return ConverterResult.success(
        { sn: await source.sha256() },
        { warnings: ['w'], metadata: { m: 1 }, postProcess: 'zip' },
      );
    };
    const run = await runConverter(new Scripted(look), 'a\nb', {
      name: 'x.txt',
      arguments: { unit: 'A' },
      attempt: 2,
      stationName: 's',
      correlationId: 'c',
    });
    expect(seen).toEqual({
      lines: ['a', 'b'],
      bytes: 'a\nb',
      name: 'x.txt',
      size: 3,
      args: { unit: 'A' },
      attempt: 2,
      stationName: 's',
      correlationId: 'c',
    });
    expect(run).toMatchObject({
      reports: [{ sn: '3b1d2e1a6a5ecb8d05f8b8e5c8d5b4b1' }].map(() => ({
        sn: expect.stringMatching(/^[0-9a-f]{64}$/),
      })),
      warnings: ['w'],
      metadata: { m: 1 },
      postProcess: 'zip',
      matches: false,
      logs: [{ level: 'warn', message: 'odd', fields: { lines: 2 } }],
    });
  });

  it('gives every other end', async () => {
    const run = (script: ConstructorParameters<typeof Scripted>[0], validation?: ValidationResult) =>
      runConverter(new Scripted(script, validation), 'x\n', { timeoutMs: 50 });
    expect(await run(() => ConverterResult.suspended('later', { retryAfterMs: 7 }))).toMatchObject({
      status: 'suspended',
      reason: 'later',
      retryAfterMs: 7,
    });
    expect(await run((_, context) => context.reject('not mine'))).toMatchObject({
      status: 'rejected',
      reason: 'not mine',
    });
    expect(await run(() => [])).toMatchObject({ status: 'skipped' });
    expect((await run(() => Promise.reject(new FileFormatError('bad')))).error).toBeInstanceOf(FileFormatError);
    expect((await run(() => Promise.reject(new TypeError('oh')))).error).toMatchObject({
      code: 'CONVERTER_FAILED',
      message: 'oh',
    });
    expect((await run(() => 5)).error).toBeInstanceOf(ConverterError);
    expect((await run(() => new Promise(() => undefined))).error).toBeInstanceOf(ConverterTimeoutError);
    expect((await run(() => ({ sn: 1n }))).error).toMatchObject({
      message: "Report 0 of converter 'scripted' cannot be written as JSON",
    });
  });

  it('asks the converter about the file first, and tells what it said', async () => {
    const validation = { canConvert: true, confidence: 0.1, message: 'hardly' };
    const refused = new Scripted(sn, validation);
    expect(await runConverter(refused, 'x\n')).toMatchObject({ status: 'rejected', validation });
    expect(refused.calls).toEqual(['initialize', 'dispose']);
    expect(await runConverter(new Scripted(sn, validation), 'x\n', { rejectThreshold: 0 })).toMatchObject({
      status: 'success',
      validation,
    });
    const early = { canConvert: true, ready: false, retryAfterMs: 9 };
    expect(await runConverter(new Scripted(sn, early), 'x\n')).toMatchObject({ status: 'suspended', retryAfterMs: 9 });
  });

  it('runs what surrounds a conversion: initialize and dispose, and hooks when asked to', async () => {
    const calls = async (script: ConstructorParameters<typeof Scripted>[0], options = {}) => {
      const converter = new Scripted(script);
      await runConverter(converter, 'x\n', options);
      return converter.calls.join(' ');
    };
    expect(await calls(sn)).toBe('initialize convert dispose');
    expect(await calls(sn, { lifecycle: false })).toBe('convert');
    expect(await calls(sn, { hooks: true })).toBe('initialize convert onSuccess dispose');
    expect(await calls(() => Promise.reject(new Error('x')), { hooks: true })).toBe(
      'initialize convert onFailure dispose',
    );
  });
});

describe('matchGolden', () => {
  it('writes a file when it is told to, and compares with it from then on', async () => {
    const file = join(await newFolder(), 'golden', 'lot.json');
    await expect(matchGolden([{ sn: 'S1' }], file)).rejects.toThrow(
      /There is no golden file .*lot\.json: run once with MILLRACE_UPDATE_GOLDEN=1/,
    );
    expect(await matchGolden([{ sn: 'S1', gone: undefined }], file, { update: true })).toBe(true);
    expect(await readFile(file, 'utf8')).toBe('[\n  {\n    "sn": "S1"\n  }\n]\n');
    expect(await matchGolden([{ sn: 'S1' }], file)).toBe(false);
    await expect(matchGolden([{ sn: 'S2' }], file)).rejects.toMatchObject({
      code: 'ERR_ASSERTION',
      actual: [{ sn: 'S2' }],
      expected: [{ sn: 'S1' }],
    });
    expect(await readFile(file, 'utf8')).toContain('S1');
  });

  it('is updated by the environment', async () => {
    const file = join(await newFolder(), 'a.json');
    process.env.MILLRACE_UPDATE_GOLDEN = '1';
    try {
      expect(await matchGolden({ a: 1 }, file)).toBe(true);
    } finally {
      delete process.env.MILLRACE_UPDATE_GOLDEN;
    }
    expect(await matchGolden({ a: 1 }, file)).toBe(false);
  });

  it('does not take a file that cannot be read for one that is missing', async () => {
    const file = join(await newFolder(), 'folder');
    await mkdir(file);
    await expect(matchGolden({}, file)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('fuzzConverter', () => {
  const samples = [{ text: 'sn;value\nS1;1\nS2;2\n' }, { text: 'sn;value\nS3;33.5\n' }];

  it('says how the variants ended', async () => {
    const careful = new Scripted(async source => {
      const text = await source.text();
      if (!text.startsWith('sn;value')) throw new FileFormatError('no header');
      return { sn: text };
    });
    const { runs, outcomes, slowestMs } = await fuzzConverter(careful, samples, { runs: 200 });
    expect(runs).toBe(200);
    expect(outcomes.success + outcomes.failed).toBe(200);
    expect(Math.min(outcomes.success, outcomes.failed)).toBeGreaterThan(20);
    expect(slowestMs).toBeGreaterThan(0);
    expect(careful.calls.filter(call => call !== 'convert')).toEqual(['initialize', 'dispose']);
  });

  it('finds a converter that throws what is not ours, and names the variant', async () => {
    const careless = new Scripted(async source => ({ sn: ((await source.text()).split('\n')[1] as string).trim() }));
    const failure = (await fuzzConverter(careless, samples, { seed: 7 }).catch((error: unknown) => error)) as Error;
    expect(failure.message).toMatch(
      /^Converter 'scripted' gave an error that is none of ours \(TypeError: .*\) on variant \d+ of seed 7/,
    );
    const only = Number(/variant (\d+)/.exec(failure.message)?.[1]);
    await expect(fuzzConverter(careless, samples, { seed: 7, only })).rejects.toThrow(failure.message);
    expect(careless.calls.at(-1)).toBe('dispose');
  });

  it('finds one that returns an error of another family, takes too long, or makes a wrong report', async () => {
    const returned = new Scripted(() => ConverterResult.failed(new RangeError('far')));
    await expect(fuzzConverter(returned, samples, { runs: 1 })).rejects.toThrow('none of ours (RangeError: far)');
    const slow = new Scripted(() => new Promise(() => undefined));
    await expect(fuzzConverter(slow, samples, { runs: 1, timeLimitMs: 20 })).rejects.toThrow('took longer than 20 ms');
    const check = (): void => {
      throw new Error('wrong report');
    };
    await expect(fuzzConverter(new Scripted(sn), samples, { runs: 5, check })).rejects.toThrow(
      'the check refuses (Error: wrong report)',
    );
  });

  it('ends the process of a converter that never lets go, and says on what', async () => {
    const code = `
      import { ConverterBase } from 'millrace';
      import { fuzzConverter } from 'millrace/testing';
      class Endless extends ConverterBase {
        name = 'endless';
        supportedExtensions = ['.csv'];
        convert() { for (;;); }
      }
      await fuzzConverter(new Endless(), ['a\\nb'], { seed: 3, hangLimitMs: 50 });`;
    await expect(runNode(['--input-type=module', '-e', code], repoRoot)).rejects.toThrow(
      /fuzzConverter of 'endless' with seed 3 hangs at variant 0/,
    );
  });
});

describe('variants', () => {
  const samples = [Buffer.from('sn;value\nS1;1\n'.repeat(20)), Buffer.from('{"sn": 1.5}')];

  it('are the same for the same seed and number, and differ otherwise', () => {
    const variants = (seed: number) =>
      Array.from({ length: 300 }, (_, number) => mutated(samples, seed, number).toString('latin1'));
    expect(variants(1)).toEqual(variants(1));
    expect(new Set(variants(1)).size).toBeGreaterThan(200);
    expect(variants(1)).not.toEqual(variants(2));
  });

  it('are cut in a third of the cases', () => {
    const cut = Array.from({ length: 300 }, (_, number) => mutated(samples, 1, number)).filter(variant =>
      samples.some(sample => sample.subarray(0, variant.length).equals(variant)),
    );
    expect(cut.length).toBeGreaterThanOrEqual(100);
  });

  it('can be made of nothing', () => {
    for (let number = 0; number < 50; number += 1) expect(mutated([Buffer.alloc(0)], 1, number)).toBeInstanceOf(Buffer);
  });
});
