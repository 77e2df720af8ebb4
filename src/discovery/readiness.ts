/** Whether a file that rests is whole, by everything that its station can tell of it. */
import { constants } from 'node:fs';
import { basename } from 'node:path';
import { type Clock, sleep } from '../clock.js';
import { systemCode, toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import type { FileIdentity } from '../files/identity.js';
import type { ReadinessRules, ReadyCandidate } from './discovery-options.js';

/** A file that rests. */
export interface RestingFile {
  /** Absolute. */
  path: string;
  identity: FileIdentity;
  /** When it was first seen, in epoch ms. */
  firstSeenAt: number;
  /** How long ago that was, in ms, by a clock that does not jump. */
  ageMs: number;
}

/** What was found. */
export type Verdict =
  | { kind: 'ready' }
  /** It is to wait. */
  | {
      kind: 'wait';
      /** For what, in words that complete "it waits: …". */
      reason: string;
      /** When it makes sense to ask again, in ms; without it, only an event or a rescan can tell. */
      retryMs?: number;
      /** Its end is known: time alone brings it. */
      ownTime?: boolean;
      /** What its user's own function threw. */
      error?: Error;
    }
  /** It is whole and not wanted. */
  | { kind: 'refused'; as: 'skipped' | 'failed'; reason: string };

const READY: Verdict = { kind: 'ready' };
/** How often what nobody tells us of is asked for again. */
const ASK_AGAIN_MS = 500;
/** A `readyWhen` that does not answer for so long says no. */
const ANSWER_WITHIN_MS = 10_000;
/** libuv's flag for a share mode of nothing: the open fails while anybody else has the file open. */
const UV_FS_O_EXLOCK = 0x10000000;
/** Another program has it open. Anything else says nothing about writers. */
const HELD = new Set(['EBUSY', 'ETXTBSY', 'EAGAIN']);

/** Applies the rules, the cheap ones first. */
export async function checkReadiness(
  file: RestingFile,
  rules: ReadinessRules,
  { fs, clock }: { fs: FileSystem; clock: Clock },
): Promise<Verdict> {
  const { minAgeMs, minSizeBytes, tooSmall, doneFile, exclusiveOpen, readyWhen } = rules;
  const leftMs = minAgeMs - file.ageMs;
  if (leftMs > 0) {
    const reason = `it was first seen ${seconds(file.ageMs)} ago and is taken when that is ${seconds(minAgeMs)}`;
    return { kind: 'wait', reason, retryMs: leftMs, ownTime: true };
  }
  if (doneFile) {
    const marker = doneFile.markerOf(file.path);
    if (!(await isFile(fs, marker)))
      return { kind: 'wait', reason: `its done-file ${basename(marker)} has not come yet` };
  }
  if (file.identity.size < minSizeBytes) {
    const reason = `it has ${file.identity.size} bytes, and minSizeBytes is ${minSizeBytes}`;
    if (tooSmall === 'wait') return { kind: 'wait', reason };
    return { kind: 'refused', as: tooSmall === 'skip' ? 'skipped' : 'failed', reason };
  }
  if (exclusiveOpen && (await isHeld(fs, file.path)))
    return { kind: 'wait', reason: 'another program has it open', retryMs: ASK_AGAIN_MS };
  return readyWhen ? askUser(file, readyWhen, clock) : READY;
}

async function isFile(fs: FileSystem, path: string): Promise<boolean> {
  // What cannot be looked at now has not come yet.
  const stat = await fs.stat(path).catch(() => undefined);
  return stat?.isFile() ?? false;
}

async function isHeld(fs: FileSystem, path: string): Promise<boolean> {
  try {
    const flags = process.platform === 'win32' ? constants.O_RDONLY | UV_FS_O_EXLOCK : 'r+';
    await (await fs.open(path, flags)).close();
    return false;
  } catch (error) {
    return HELD.has(systemCode(error) ?? '');
  }
}

async function askUser(
  { path, identity, firstSeenAt }: RestingFile,
  readyWhen: NonNullable<ReadinessRules['readyWhen']>,
  clock: Clock,
): Promise<Verdict> {
  const candidate: ReadyCandidate = {
    path,
    name: basename(path),
    size: identity.size,
    modifiedAt: new Date(identity.mtimeMs),
    firstSeenAt: new Date(firstSeenAt),
  };
  const answered = new AbortController();
  const late = sleep(clock, ANSWER_WITHIN_MS, answered.signal).then(() => undefined);
  try {
    const answer = await Promise.race([Promise.resolve(readyWhen(candidate)), late]);
    if (answer === true) return READY;
    const reason =
      answer === undefined ? `readyWhen gave no answer within ${seconds(ANSWER_WITHIN_MS)}` : 'readyWhen says not yet';
    return { kind: 'wait', reason, retryMs: ASK_AGAIN_MS };
  } catch (thrown) {
    const error = toError(thrown);
    return { kind: 'wait', reason: `readyWhen threw: ${error.message}`, retryMs: ASK_AGAIN_MS, error };
  } finally {
    answered.abort();
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
