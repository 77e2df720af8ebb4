/** Several converters on one folder: who takes a file, and what becomes of one that nobody takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AsyncConverterPool, type ConverterBase, reportId, type ValidationResult } from 'millrace';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../support/run.js';
import { checksum, converter, next, Station, until } from './support.js';

type Says = ValidationResult | (() => ValidationResult);

/** A converter that reports its own name, and says this when it is asked. */
function rival(name: string, says?: Says, fields: Partial<ConverterBase> = {}): ConverterBase {
  const validate = says && { validate: () => (typeof says === 'function' ? says() : says) };
  return converter(() => ({ by: name }), { name, ...validate, ...fields });
}

const by = (station: Station): string[] => station.reports<{ by: string }>().map(report => report.by);
const yes = (confidence: number): ValidationResult => ({ canConvert: true, confidence });

describe('of several converters on a folder', () => {
  it('the surest takes a file, in one attempt and under its own key', async () => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [{ converter: rival('a', yes(0.6)) }, { converter: rival('b', yes(0.9)) }],
    });
    const converting = next(pool, 'converting');
    await station.drop('watch/a.txt', 'a');
    expect(await converting).toMatchObject({ converter: 'b', attempt: 1 });
    await station.settled(pool);
    expect(by(station)).toEqual(['b']);
    const sha256 = await checksum(station.path('Done/a.txt'));
    expect(station.server.reports[0]?.idempotencyKey).toBe(reportId(sha256, 'b', 0));
    expect((await pool.items()).items).toMatchObject([{ converter: 'b', attempts: 1 }]);
  });

  it('each is asked only about files that match it, and a single one without a choice', async () => {
    const station = await Station.open();
    const asked: string[] = [];
    const asking = (name: string, extensions: string[]) =>
      rival(
        name,
        () => {
          asked.push(name);
          return yes(name === 'a' ? 0.6 : 0.9);
        },
        { supportedExtensions: extensions },
      );
    const converters = [{ converter: asking('a', ['.txt', '.log']) }, { converter: asking('b', ['.txt']) }];
    const pool = await station.start({ converters });
    await station.drop('watch/a.log', 'log');
    await station.settled(pool);
    expect([asked, by(station)]).toEqual([['a'], ['a']]);
  });

  it('the one that is chosen has its own folders, thresholds and post-process', async () => {
    const station = await Station.open();
    const warned: unknown[] = [];
    const pool = station.pool({
      converters: [
        { converter: rival('a', yes(0.3)), postProcess: 'delete', alarmThreshold: 0.1 },
        { converter: rival('b', yes(0.4)), doneFolder: station.path('B'), alarmThreshold: 0.6 },
      ],
    });
    pool.on('lowConfidence', ({ converter, confidence, threshold }) => warned.push([converter, confidence, threshold]));
    await pool.start();
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect(await station.files('B')).toEqual(['a.txt']);
    expect(warned).toEqual([['b', 0.4, 0.6]]);
  });

  it('one that throws when it is asked is told of and cannot have the file; validate runs once', async () => {
    const station = await Station.open();
    let asked = 0;
    const pool = await station.start({
      converters: [
        {
          converter: rival('a', () => {
            throw new Error('broken');
          }),
        },
        {
          converter: rival('b', () => {
            asked += 1;
            return yes(0.4);
          }),
        },
      ],
    });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect([by(station), asked]).toEqual([['b'], 1]);
    expect(station.errors).toMatchObject([{ code: 'HOOK_FAILED', message: expect.stringContaining('broken') }]);
  });

  it('the surest is waited for when the file is not ready, though another could go on', async () => {
    const station = await Station.open();
    let looks = 0;
    const careful = () => ({ ...yes(0.9), ready: ++looks > 2, retryAfterMs: 10, message: 'no END line' });
    const pool = await station.start({
      converters: [{ converter: rival('a', yes(0.5)) }, { converter: rival('b', careful), maxRetries: 0 }],
    });
    const suspended = next(pool, 'suspended');
    await station.drop('watch/a.txt', 'a');
    expect(await suspended).toMatchObject({ converter: 'b', reason: 'no END line', retryAfterMs: 10, attempts: 0 });
    await station.settled(pool);
    expect(by(station)).toEqual(['b']);
  });

  it('a file whose content another of them has delivered is a duplicate', async () => {
    const station = await Station.open();
    const first = await station.start({ converters: [{ converter: rival('a') }] });
    await station.drop('watch/a.txt', 'same');
    await station.settled(first);
    await first.stop();
    const second = await station.start({
      converters: [{ converter: rival('a', yes(0.6)) }, { converter: rival('b', yes(0.9)) }],
    });
    const skipped = next(second, 'skipped');
    await station.drop('watch/b.txt', 'same');
    expect(await skipped).toMatchObject({ duplicateOf: 'a.txt' });
    await station.settled(second);
    expect(by(station)).toEqual(['a']);
  });

  it('one that is paused keeps its files waiting, and only its own', async () => {
    const station = await Station.open();
    const pool = station.pool({
      converters: [
        { converter: rival('a', yes(0.6)) },
        { converter: rival('b', yes(0.9), { filePatterns: ['b*'], supportedExtensions: [] }) },
      ],
    });
    pool.pause('b');
    await pool.start();
    const queued: string[] = [];
    pool.on('queued', ({ path, converter }) => queued.push(`${path.at(-5)} ${converter}`));
    await station.drop('watch/b.txt', 'for b');
    await station.drop('watch/a.txt', 'for a');
    await until(() => by(station).length === 1 && queued.includes('b b'));
    expect(by(station)).toEqual(['a']);
    pool.resume('b');
    await station.settled(pool);
    expect(by(station)).toEqual(['a', 'b']);
    expect((await pool.items()).items.map(item => item.attempts)).toEqual([1, 1]);
  });
});

describe('a file that nobody takes', () => {
  const no = (message: string): ValidationResult => ({ canConvert: false, message });

  it('is rejected with the reason of each, and taken up again when one of them changes', async () => {
    const station = await Station.open();
    const setup = (version: string, confidence: number) => ({
      converters: [
        { converter: rival('a', no('not a lot file')) },
        { converter: rival('b', { ...yes(confidence), message: 'half of the header' }, { version }) },
      ],
    });
    const first = await station.start(setup('1.0.0', 0.1));
    const failed = next(first, 'failed');
    await station.drop('watch/a.txt', 'a');
    expect((await failed).error).toMatchObject({ code: 'REJECTED' });
    await station.settled(first);
    const { code, message } = JSON.parse(await station.read('Error/a.txt.error'));
    expect(code).toBe('REJECTED');
    expect(message).toContain("'a': not a lot file");
    expect(message).toContain("'b': confidence 0.1 is below the threshold of 0.2: half of the header");
    await first.stop();

    const same = await station.start(setup('1.0.0', 0.9));
    await station.settled(same);
    expect(by(station)).toEqual([]);
    await same.stop();

    const mended = await station.start(setup('1.1.0', 0.9));
    await station.settled(mended);
    expect(by(station)).toEqual(['b']);
    expect(await station.files('Error')).toEqual([]);
  });

  it('is taken up again when a converter is added that takes it', async () => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [{ converter: rival('a', no('no')) }, { converter: rival('b', no('no')) }],
    });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect(await station.files('Error')).toEqual(['a.txt', 'a.txt.error']);
    await pool.addConverter({ converter: rival('c'), watchFolder: station.path('watch'), stabilityMs: 30 });
    await station.settled(pool);
    expect(by(station)).toEqual(['c']);
  });

  it('is tried again when one could not say for a reason that passes', async () => {
    const station = await Station.open();
    let asked = 0;
    const busy = () => {
      asked += 1;
      if (asked === 1) throw Object.assign(new Error('the database is away'), { code: 'ECONNREFUSED' });
      return yes(1);
    };
    const pool = await station.start({
      converters: [{ converter: rival('a', no('no')) }, { converter: rival('b', busy) }],
    });
    const retrying = next(pool, 'retrying');
    await station.drop('watch/a.txt', 'a');
    expect((await retrying).reason).toContain("'b': the database is away");
    await station.settled(pool);
    expect(by(station)).toEqual(['b']);
  });

  it('fails for good with what one threw, and the reasons of the others', async () => {
    const station = await Station.open();
    const broken = () => {
      throw new TypeError('x is undefined');
    };
    const pool = await station.start({
      converters: [{ converter: rival('a', no('no')) }, { converter: rival('b', broken) }],
    });
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt', 'a');
    expect((await failed).error).toMatchObject({ code: 'CONVERTER_FAILED' });
    expect((await failed).error.message).toContain("'a': no; 'b': x is undefined");
    await station.settled(pool);
  });
});

describe('a choice and a suspension', () => {
  it('by the one that has the file is its own: the others are not asked again', async () => {
    const station = await Station.open();
    const asked: string[] = [];
    const says = (name: string, confidence: number) => () => {
      asked.push(name);
      // Were it asked again, another would win.
      return yes(asked.length > 2 && name === 'b' ? 0.25 : confidence);
    };
    const once = converter(
      (_source, { attempt, suspend }) => (attempt === 1 ? suspend('wait', { retryAfterMs: 10 }) : { by: 'b' }),
      { name: 'b', validate: says('b', 0.9) },
    );
    const pool = await station.start({ converters: [{ converter: rival('a', says('a', 0.3)) }, { converter: once }] });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect([by(station), asked.sort()]).toEqual([['b'], ['a', 'b', 'b']]);
  });
});

describe('a process that is killed', () => {
  /** Runs a station until it kills itself. */
  async function killed(station: Station, at: 'validate' | 'convert'): Promise<void> {
    const module = pathToFileURL(join(repoRoot, 'dist/index.js')).href;
    const script = join(repoRoot, 'test/integration/pool/choice-child.mjs');
    const child = spawn(process.execPath, [script, module, station.root, station.server.url, at], { stdio: 'inherit' });
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
  }

  const two = (name: string, says: Says) =>
    converter(
      () => [
        { by: name, n: 0 },
        { by: name, n: 1 },
      ],
      { name, validate: () => says as ValidationResult },
    );
  const goOn = (station: Station): Promise<AsyncConverterPool> =>
    // It would choose the other one now.
    station.start({ converters: [{ converter: two('a', yes(0.9)) }, { converter: two('b', yes(0.6)) }] });

  it('while the reports are delivered leaves the file to the converter that had it: no report comes twice', async () => {
    const station = await Station.open();
    await station.drop('watch/a.txt', 'a');
    await killed(station, 'convert');
    expect(station.server.reports.map(report => report.body)).toEqual([{ by: 'b', n: 0 }]);
    const pool = await goOn(station);
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);
    expect(new Set(station.server.reports.map(report => report.idempotencyKey)).size).toBe(2);
    expect(new Set(by(station))).toEqual(new Set(['b']));
    expect((await pool.items()).items).toMatchObject([{ converter: 'b', attempts: 2 }]);
  });

  it('by a validate each time is parked with its attempts, and another file goes on', async () => {
    const station = await Station.open();
    await station.drop('watch/a.txt', 'a');
    for (let start = 1; start <= 4; start++) await killed(station, 'validate');
    const pool = station.pool({ converters: [{ converter: rival('a') }, { converter: rival('b') }] });
    const failed = next(pool, 'failed');
    await pool.start();
    expect((await failed).error).toMatchObject({ code: 'CONVERTER_CRASHED' });
    await station.drop('watch/b.txt', 'b');
    await station.settled(pool);
    expect(by(station)).toEqual(['a']);
    const items = (await pool.items()).items;
    expect(items).toMatchObject([{ state: 'failed', attempts: 4 }, { state: 'completed' }]);
    expect(items[0]?.reason).toContain("'a' or 'b'");
  });
});
