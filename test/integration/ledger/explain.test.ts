import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { Station } from './support.js';

const tempFolder = temporaryFolders();
const station = async (): Promise<Station> => new Station(join(await tempFolder(), 'station'));

describe('explain() of a file on its way', () => {
  it('says how long it has rested and how long it has to', async () => {
    const one = await station();
    const pool = await one.open({ converter: { stabilityMs: 3_600_000 } });
    const discovered = new Promise(resolve => pool.once('discovered', resolve));
    const path = await one.drop('a.csv', 'a');
    await discovered;
    expect(await pool.explain(path)).toMatch(/is waiting: it changed \d+\.\d s ago and has to rest for 3600\.0 s/);
  });

  it('says that it waits because the pool is paused, and that it is being converted', async () => {
    const one = await station();
    const pool = await one.open();
    pool.pause();
    const queued = new Promise(resolve => pool.once('queued', resolve));
    const path = await one.drop('a.csv', 'a');
    await queued;
    expect(await pool.explain(path)).toContain('the pool is paused');
    let explained = '';
    one.onSubmit = async () => {
      explained = await pool.explain(path);
    };
    pool.resume();
    await pool.idle();
    expect(explained).toContain(path);
    expect(await pool.explain(path)).toContain("was delivered by 'csv'");
  });

  it('says while it is converted which attempt it is', async () => {
    const one = await station();
    const explained: string[] = [];
    const pool = await one.open();
    const { converter } = one;
    const original = converter.convert.bind(converter);
    converter.convert = async (source, context) => {
      explained.push(await pool.explain(source.path));
      return original(source, context);
    };
    await one.drop('a.csv', 'a');
    await pool.idle();
    expect(explained).toMatchObject([expect.stringMatching(/is being converted by 'csv', attempt 1 of 4/)]);
  });

  it('says that it is tried again, and what stood in its way', async () => {
    const one = await station();
    const pool = await one.open({ converter: { retryDelayMs: 3_600_000 } });
    const retrying = new Promise(resolve => pool.once('retrying', resolve));
    const path = await one.drop('a.csv', 'flaky');
    await retrying;
    await expect.poll(() => pool.explain(path)).toMatch(/a\.csv is tried again soon: .*no network/);
  });

  it('says that it was removed while no pool ran, and takes what has its name later for another file', async () => {
    const one = await station();
    const first = await one.open();
    first.pause();
    const queued = new Promise(resolve => first.once('queued', resolve));
    const path = await one.drop('a.csv', 'a');
    await one.drop('b.csv', 'b');
    await queued;
    await expect.poll(() => first.items({ state: 'queued' })).toMatchObject({ items: [{}, {}] });
    await first.stop();
    await rm(path);
    const second = await one.open();
    await second.idle();
    expect(await second.explain(path)).toContain('it was removed while no pool ran');
    expect(await second.audit()).toMatchObject({ differences: [], totals: { files: { skipped: 1, completed: 1 } } });
    await one.drop('a.csv', 'a');
    await second.idle();
    expect(one.lines).toEqual(['b', 'a']);
  });

  it('says that reports wait, and why', async () => {
    const one = await station();
    one.onSubmit = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    const pool = await one.open();
    const offline = new Promise(resolve => pool.once('queuedOffline', resolve));
    const cleaned = new Promise(resolve => pool.once('cleaned', resolve));
    const path = await one.drop('a.csv', 'a');
    await Promise.all([offline, cleaned]);
    const explained = await pool.explain(path);
    expect(explained).toMatch(/is converted; its report waits in the pending queue/);
  });

  it('says until when it is suspended, and where it lies, by either of its paths', async () => {
    const one = await station();
    const pool = await one.open({ converter: { retryDelayMs: 3_600_000 } });
    const cleaned = new Promise(resolve => pool.once('cleaned', resolve));
    const path = await one.drop('a.csv', 'later');
    await cleaned;
    const expected = /is suspended by 'csv' until 20\d\d-.*: no limits yet.*Pending/;
    await expect.poll(() => pool.explain(path), { timeout: 30_000 }).toMatch(expected);
    expect(await pool.explain(one.at('Pending', 'a.csv'))).toMatch(expected);
  });
});

describe('explain() of a file at its end', () => {
  it('says what became of it, by each place where somebody may find it', async () => {
    const one = await station();
    const pool = await one.open();
    const good = await one.drop('good.csv', 'good\nsecond');
    const bad = await one.drop('bad.csv', 'bad');
    const empty = await one.drop('empty.csv', 'nothing');
    await pool.idle();
    const again = await one.drop('again.csv', 'good\nsecond');
    await pool.idle();
    expect(await pool.explain(good)).toMatch(
      /was delivered by 'csv' on 20\d\d-.*\(2 reports\); the source is at .*Done/,
    );
    expect(await pool.explain(one.at('Done', 'good.csv'))).toContain("was delivered by 'csv'");
    expect(await pool.explain(bad)).toMatch(
      /failed on 20\d\d.*after 1 attempts with 'csv' 1\.0\.0: bad\.csv has no header/,
    );
    expect(await pool.explain(one.at('Error', 'bad.csv'))).toContain('has no header');
    expect(await pool.explain(empty)).toMatch(/was skipped on .*no report in it/);
    expect(await pool.explain(again)).toMatch(/was skipped on .*delivered before, as good\.csv/);
  });

  it('says that it is kept in place', async () => {
    const one = await station();
    const pool = await one.open({ converter: { postProcess: 'keep' } });
    const path = await one.drop('a.csv', 'a');
    await pool.idle();
    expect(await pool.explain(path)).toContain('it is kept in place');
  });
});

describe('explain() of a file that the pool does not take', () => {
  it('names its extension, its hidden or unfinished name, its sub-folder, or the pattern', async () => {
    const one = await station();
    const pool = await one.open({ converter: { exclude: ['excluded*'] } });
    const cases: [path: string, expected: RegExp][] = [
      ['a.txt', /is ignored: for 'csv' its name is none that 'csv' converts \(\.csv\)/],
      ['.a.csv', /is ignored: .*it is a hidden file/],
      ['a.csv.tmp', /is ignored: .*has not finished/],
      ['sub/a.csv', /is ignored: .*in a sub-folder and recursive is off/],
      ['excluded.csv', /is ignored: .*matches an exclude pattern/],
    ];
    for (const [path] of cases) await one.drop(path, 'a');
    await pool.idle();
    for (const [path, expected] of cases) expect(await pool.explain(one.at(path))).toMatch(expected);
    expect(one.lines).toEqual([]);
  });

  it('says that it is outside, unknown, a folder, or in a folder of ours', async () => {
    const one = await station();
    const pool = await one.open({ converter: { doneFolder: one.at('watch', 'Done') } });
    await mkdir(one.at('folder.csv'));
    await writeFile(one.at('watch', 'Done', 'theirs.csv'), '');
    expect(await pool.explain(join(one.root, 'elsewhere.csv'))).toContain('lies in no watched folder');
    expect(await pool.explain(one.at('none.csv'))).toContain('does not exist and was never seen');
    expect(await pool.explain(one.at('folder.csv'))).toContain('is not a file');
    expect(await pool.explain(one.at('watch', 'Done', 'theirs.csv'))).toContain('where nothing is taken from');
  });

  it.runIf(process.platform !== 'win32')('says that links are not followed', async () => {
    const one = await station();
    const pool = await one.open();
    await symlink(join(one.root, 'target.csv'), one.at('link.csv'));
    expect(await pool.explain(one.at('link.csv'))).toContain('symbolic link');
  });

  it('says that the folder is away', async () => {
    const one = await station();
    const pool = await one.open();
    await rename(one.at('watch', '.'), join(one.root, 'gone'));
    await pool.idle();
    expect(await pool.explain(one.at('a.csv'))).toMatch(/cannot be reached now.*picked up by itself/);
    await rm(join(one.root, 'gone'), { recursive: true });
  });

  it('says that it has just come', async () => {
    const one = await station();
    const deaf = () => ({ ready: Promise.resolve(), close: async () => undefined });
    const pool = await one.open({ startWatch: deaf });
    const path = await one.drop('a.csv', 'a');
    expect(await pool.explain(path)).toContain('the next event or rescan takes it');
    await pool.idle();
    expect(await pool.explain(path)).toContain('was delivered');
  });
});
