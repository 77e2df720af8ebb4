/** Who holds a lock, and what the machine knows for a fact about whether that process still runs. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { systemCode } from '../errors.js';
import type { FileSystem } from './file-system.js';

/** What a lock file says about its owner. A fact that the platform does not offer is `null`. */
export interface LockOwner {
  /** Format of the file. */
  version: 1;
  /** Random, new for each lock. */
  token: string;
  pid: number;
  /** When the process started, in clock ticks since boot (Linux). A reused pid has another one. */
  processStart: string | null;
  host: string;
  /** The installation's id (Linux). */
  machine: string | null;
  /** The id of the machine's current boot (Linux). */
  boot: string | null;
  /** Pids can be compared only inside one pid namespace (Linux). */
  pidNamespace: string | null;
  /** Counts up while the owner lives. */
  heartbeat: number;
}

/** The pid namespace of a Linux machine itself. Any other one is a container's. */
const MACHINE_PID_NAMESPACE = '4026531836';

/** This process as the owner of a new lock. */
export async function describeSelf(fs: FileSystem): Promise<LockOwner> {
  const [started, machine, boot, pidNamespace] = await Promise.all([
    processState(fs, process.pid),
    readText(fs, '/etc/machine-id'),
    readText(fs, '/proc/sys/kernel/random/boot_id'),
    fs.stat('/proc/self/ns/pid').then(
      stat => String(stat.ino),
      () => null,
    ),
  ]);
  return {
    version: 1,
    token: newToken(),
    pid: process.pid,
    processStart: started?.start ?? null,
    host: hostname(),
    machine,
    boot,
    pidNamespace,
    heartbeat: 0,
  };
}

/**
 * Whether the owner lives, as far as facts can tell: its process is gone, its pid now belongs to another process, or its
 * machine has booted since. `unknown` when it ran on another machine or in another container, or when the platform
 * tells too little.
 */
export async function judgeByFacts(
  fs: FileSystem,
  owner: LockOwner,
  self: LockOwner,
): Promise<'alive' | 'dead' | 'unknown'> {
  if (owner.host !== self.host || owner.machine !== self.machine) return 'unknown';
  if (owner.boot !== self.boot) {
    // Containers on two machines can share a host name and an image's machine id, so there another boot proves nothing.
    const onTheMachine = owner.pidNamespace === MACHINE_PID_NAMESPACE && self.pidNamespace === MACHINE_PID_NAMESPACE;
    return onTheMachine && owner.machine && owner.boot && self.boot ? 'dead' : 'unknown';
  }
  if (owner.pidNamespace !== self.pidNamespace) return 'unknown';
  if (!isRunning(owner.pid)) return 'dead';
  if (owner.processStart === null) return owner.pid === process.pid ? 'alive' : 'unknown';
  const state = await processState(fs, owner.pid);
  if (!state) return 'unknown';
  return state.start === owner.processStart && !state.ended ? 'alive' : 'dead';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

async function processState(fs: FileSystem, pid: number): Promise<{ start: string; ended: boolean } | undefined> {
  // The second field is the program's name in brackets and may itself hold brackets and spaces.
  const text = await readText(fs, `/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = fields?.[19];
  return start === undefined ? undefined : { start, ended: fields?.[0] === 'Z' || fields?.[0] === 'X' };
}

async function readText(fs: FileSystem, path: string): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  return fs.readFile(path).then(
    bytes => bytes.toString('utf8').trim() || null,
    () => null,
  );
}

/** A name for a lock or claim that was never used before. */
export function newToken(): string {
  return randomBytes(12).toString('hex');
}
