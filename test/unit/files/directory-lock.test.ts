import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.js';
import { type DirectoryLock, type LockOptions, lockDirectory } from '../../../src/files/directory-lock.js';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import { lockContent } from '../../../src/files/lock-file.js';
import { describeSelf, type LockOwner } from '../../../src/files/lock-owner.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { bundle } from '../../support/bundle.js';

let folder: string;
let path: string;
let child: string;
const held: DirectoryLock[] = [];

beforeAll(async () => {
  child = await bundle(new URL('./lock-child.ts', import.meta.url));
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
  path = join(folder, 'lock');
});
afterEach(async () => {
  await Promise.all(held.splice(0).map(lock => lock.release()));
  await rm(folder, { recursive: true, force: true });
});

async function take(options: Partial<LockOptions> = {}): Promise<DirectoryLock> {
  const lock = await lockDirectory(path, {
    fs: nodeFileSystem,
    clock: systemClock,
    logger: silentLogger,
    onLocked: 'fail',
    onLost: () => undefined,
    ...options,
  });
  held.push(lock);
  return lock;
}

/** Starts a process and waits for what it says first. */
async function start(onLocked: 'fail' | 'wait', stay = true): Promise<{ process: ChildProcess; said: string }> {
  const process_ = spawn(process.execPath, [child, path, onLocked, ...(stay ? ['stay'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void process_.kill('SIGKILL'));
  const [said] = (await once(createInterface({ input: process_.stdout }), 'line')) as [string];
  return { process: process_, said };
}

async function kill(process_: ChildProcess): Promise<void> {
  const exited = once(process_, 'exit');
  process_.kill('SIGKILL');
  await exited;
}

const owner = async (): Promise<LockOwner> => JSON.parse(await readFile(path, 'utf8')) as LockOwner;

async function writeLock(changes: Partial<LockOwner>): Promise<LockOwner> {
  const content = { ...(await describeSelf(nodeFileSystem)), token: 'abcdef', ...changes };
  await writeFile(path, lockContent(content));
  return content;
}

/** Beats as an owner does: in place. */
async function beat(content: LockOwner): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(lockContent(content), 0, undefined, 0);
  await file.close();
}

/** Turns the clock in small steps until the promise settles, so that the waiting code gets its turns. */
async function turnUntilSettled(clock: ManualClock, promise: Promise<unknown>): Promise<number> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    await readdir(folder);
    if (clock.timers > 0) await clock.advance(100);
  }
  return clock.monotonic();
}

describe('directory lock', () => {
  it('says who owns it, and leaves nothing behind', async () => {
    const lock = await take();
    expect(await owner()).toMatchObject({ version: 1, pid: process.pid, heartbeat: 0 });
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a second lock of the same process', async () => {
    await take();
    await expect(take()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
  });

  it('refuses a lock that a living process holds, and names it', async () => {
    const { process: other, said } = await start('fail');
    expect(said).toBe('locked');
    await expect(take()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`process ${other.pid}`),
    });
  });

  it('takes over at once from a process that was killed', async () => {
    const { process: other } = await start('fail');
    await kill(other);
    await take({ clock: neverWaits });
    expect((await owner()).pid).toBe(process.pid);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it.runIf(process.platform === 'linux')('knows a reused pid by its start time', async () => {
    await writeLock({ pid: process.ppid, processStart: '1' });
    await take({ clock: neverWaits });
    expect((await owner()).pid).toBe(process.pid);
  });

  it.runIf(process.platform === 'linux')('takes over at once after the machine was booted', async () => {
    // As a process of the machine itself: in a container another boot id proves nothing.
    const fs = new MachineFileSystem();
    await writeLock({ boot: 'another-boot', pidNamespace: '4026531836', machine: 'm1' });
    await take({ fs, clock: neverWaits });
    expect((await owner()).boot).not.toBe('another-boot');
  });

  it('lets a standby take over when the owner is killed', async () => {
    const { process: other } = await start('fail');
    const standby = take({ onLocked: 'wait' });
    await kill(other);
    await standby;
    expect((await owner()).pid).toBe(process.pid);
  });

  it('stands by for a foreign owner as long as its heart beats, and takes over a lease after it stopped', async () => {
    const clock = new ManualClock();
    const foreign = await writeLock({ host: 'elsewhere' });
    const waiting = take({ clock, onLocked: 'wait' });
    for (let count = 1; count <= 20; count += 1) {
      await beat({ ...foreign, heartbeat: count });
      while (clock.timers === 0) await readdir(folder);
      await clock.advance(2_000);
    }
    expect((await owner()).host).toBe('elsewhere');
    const stoppedAt = clock.monotonic();
    expect(await turnUntilSettled(clock, waiting)).toBeGreaterThanOrEqual(stoppedAt + 12_000);
    await waiting;
    expect((await owner()).pid).toBe(process.pid);
  });

  it('tells a living foreign owner from a dead one before it fails', async () => {
    const clock = new ManualClock();
    const foreign = await writeLock({ host: 'elsewhere', pid: 77 });
    const refused = take({ clock });
    refused.catch(() => undefined);
    while (clock.timers === 0) await readdir(folder);
    await clock.advance(600);
    await beat({ ...foreign, heartbeat: 1 });
    await turnUntilSettled(clock, refused);
    await expect(refused).rejects.toMatchObject({ code: 'STORE_LOCKED', message: expect.stringMatching(/77 on else/) });
  });

  it('takes over a lock file that says nothing, once it stood still for a lease', async () => {
    const clock = new ManualClock();
    await writeFile(path, '');
    const taken = take({ clock });
    expect(await turnUntilSettled(clock, taken)).toBeGreaterThanOrEqual(15_000);
    await taken;
    expect((await owner()).pid).toBe(process.pid);
  });

  it('does not count a long sleep of its own as silence of the owner', async () => {
    const clock = new ManualClock();
    await writeLock({ host: 'elsewhere' });
    const abort = new AbortController();
    const waiting = take({ clock, onLocked: 'wait', signal: abort.signal });
    waiting.catch(() => undefined);
    for (let looks = 0; looks < 3; looks += 1) {
      while (clock.timers === 0) await readdir(folder);
      await clock.advance(60_000);
    }
    while (clock.timers === 0) await readdir(folder);
    expect((await owner()).host).toBe('elsewhere');
    abort.abort();
    await expect(waiting).rejects.toBe(abort.signal.reason);
  });

  it('gives a dead lock to exactly one of many contenders, in this process', async () => {
    for (let round = 0; round < 5; round += 1) {
      await writeLock({ pid: 2 ** 22 + 1 });
      const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => take()));
      const won = attempts.filter(attempt => attempt.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await Promise.all(held.splice(0).map(lock => lock.release()));
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('gives a dead lock to exactly one of several processes', async () => {
    await writeLock({ pid: 2 ** 22 + 1 });
    const said = await Promise.all(Array.from({ length: 5 }, () => start('fail').then(started => started.said)));
    expect(said.sort()).toEqual([...Array(4).fill('STORE_LOCKED'), 'locked']);
  });

  it('does not remove a fresh lock with a stale judgement', async () => {
    // The contender reads the dead lock, then stalls before its claim while another takes over and cleans up.
    const stale = await writeLock({ pid: 2 ** 22 + 1 });
    const { fs, stalled, goOn } = stalling(`${path}.next-${stale.token}`);
    const late = take({ fs });
    late.catch(() => undefined);
    await stalled;
    await take();
    const fresh = await owner();
    goOn();
    await expect(late).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect((await owner()).token).toBe(fresh.token);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('survives a contender that died while it took over', async () => {
    const stale = await writeLock({ pid: 2 ** 22 + 1 });
    const dead = { ...stale, token: '123456', pid: 2 ** 22 + 2 };
    await writeFile(`${path}.next-${stale.token}`, lockContent(dead));
    await take({ clock: neverWaits });
    expect((await owner()).pid).toBe(process.pid);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('leaves nothing of a contender that died while it wrote the lock over', async () => {
    await writeFile(path, lockContent({ ...(await describeSelf(nodeFileSystem)), token: 'dead', pid: 2 ** 22 + 1 }));
    // It dies between the writing of its lock and the rename: from there on nothing of it ever happens.
    const dying = new Promise<string>(resolve => {
      const fs: FileSystem = {
        ...nodeFileSystem,
        rename: from => {
          resolve(from);
          return new Promise(() => undefined);
        },
      };
      void lockDirectory(path, {
        fs,
        clock: systemClock,
        logger: silentLogger,
        onLocked: 'fail',
        onLost: () => undefined,
      });
    });
    await dying;
    const names = await readdir(folder);
    expect(names.length).toBeGreaterThan(2);
    // What it left as claims says that it lives, as this process does; its death is written into them.
    for (const name of names.filter(one => !one.endsWith('.tmp') && one !== 'lock')) {
      const owner = JSON.parse(await readFile(join(folder, name), 'utf8')) as LockOwner;
      await writeFile(join(folder, name), lockContent({ ...owner, pid: 2 ** 22 + 1 }));
    }
    await (await take()).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('tells its owner once when another owner has the lock, and then leaves it alone', async () => {
    const clock = new ManualClock();
    const lost: Error[] = [];
    const lock = await take({ clock, onLost: error => lost.push(error) });
    await writeLock({ host: 'elsewhere', pid: 77 });
    await beats(clock, () => lost.length > 0);
    await clock.advance(20_000);
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatchObject({ code: 'STORE_LOCKED', message: expect.stringMatching(/process 77 on elsewhere/) });
    await lock.release();
    expect((await owner()).host).toBe('elsewhere');
  });

  it('tells its owner when the lock file is gone', async () => {
    const clock = new ManualClock();
    const lost: Error[] = [];
    await take({ clock, onLost: error => lost.push(error) });
    await unlink(path);
    await beats(clock, () => lost.length > 0);
    expect(lost).toHaveLength(1);
  });

  it('beats on after the disk failed for a while', async () => {
    const clock = new ManualClock();
    const fs = new FaultyFileSystem();
    const lost: Error[] = [];
    await take({ fs, clock, onLost: error => lost.push(error) });
    const fault = fs.fail({ operation: ['open', 'file.write'], code: 'EIO' });
    await beats(clock, () => fault.hits >= 5);
    fs.heal();
    let heartbeat = 0;
    await beats(
      clock,
      () => heartbeat > 0,
      async () => {
        heartbeat = (await owner()).heartbeat;
      },
    );
    expect(lost).toEqual([]);
  });

  it('is given back on a full disk, so that the same process can take it again', async () => {
    const fs = new FaultyFileSystem();
    const lock = await take({ fs });
    const full = fs.fail({ operation: ['open', 'file.write', 'link'], path: /lock\.next/, code: 'ENOSPC' });
    await lock.release();
    expect(full.hits).toBeGreaterThan(0);
    full.remove();
    await (await take({ fs })).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves no lock when it cannot write it', async () => {
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'file.write', code: 'ENOSPC' });
    await expect(take({ fs })).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code: 'ENOSPC' } });
    expect(await readdir(folder)).toEqual([]);
  });
});

/** Fails a test that should have been decided by facts alone. */
const neverWaits: Clock = {
  ...systemClock,
  setTimeout: (callback, delayMs) => {
    if (delayMs < 1_000) throw new Error('the lock was watched although facts decide');
    return systemClock.setTimeout(callback, delayMs);
  },
};

/** Turns the clock until the condition holds. */
async function beats(clock: ManualClock, until: () => boolean, look: () => Promise<void> = async () => undefined) {
  while (!until()) {
    await readdir(folder);
    await look();
    if (clock.timers > 0) await clock.advance(2_000);
  }
}

/** The machine as a process outside containers sees it. */
class MachineFileSystem extends FaultyFileSystem {
  override readFile: FileSystem['readFile'] = async file =>
    file === '/etc/machine-id' ? Buffer.from('m1\n') : nodeFileSystem.readFile(file);
  override stat: FileSystem['stat'] = async file => {
    const stat = await nodeFileSystem.stat(file);
    return file === '/proc/self/ns/pid' ? Object.assign(stat, { ino: 4026531836 }) : stat;
  };
}

/** The machine's file system, but for one name that a file gets only when the test says so. */
function stalling(target: string): { fs: FileSystem; stalled: Promise<void>; goOn: () => void } {
  let reached: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const stalled = new Promise<void>(resolve => {
    reached = resolve;
  });
  const released = new Promise<void>(resolve => {
    goOn = resolve;
  });
  const link: FileSystem['link'] = async (existing, created) => {
    if (created === target) {
      reached();
      await released;
    }
    return nodeFileSystem.link(existing, created);
  };
  return { fs: { ...nodeFileSystem, link }, stalled, goOn };
}
