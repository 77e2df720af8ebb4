/** Whether a file in hand that has come to rest is whole by the rules of its converter. */
import type { Clock } from '../clock.js';
import { checkReadiness, type Verdict } from '../discovery/readiness.js';
import { systemCode } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { type FileIdentity, sameIdentity } from '../files/identity.js';
import { type ActiveFile, waitedMs } from './active-file.js';

/** What came out: what the rules say, or that there is no such file any more. */
export type Answer = Verdict | { kind: 'changed'; identity: FileIdentity } | { kind: 'vanished' };

const LOOK_AGAIN_MS = 1_000;

/**
 * Asks the rules.
 * @param identity What the file was when it came to rest.
 * @param options `hasWaited`: that was a while ago, so it is first looked at whether it still is that.
 */
export async function isWhole(
  file: ActiveFile,
  identity: FileIdentity,
  { fs, clock, hasWaited }: { fs: FileSystem; clock: Clock; hasWaited: boolean },
): Promise<Answer> {
  const { unit, readiness: rules } = file.entry;
  const ageMs = waitedMs(clock, file);
  // What a unit of several files lacks, a look tells.
  if (hasWaited || unit.tree) {
    try {
      const look = await unit.look(fs, file.location, ageMs);
      if (!look) return { kind: 'vanished' };
      if (!sameIdentity(identity, look.identity)) return { kind: 'changed', identity: look.identity };
      if (look.waitsFor !== undefined) return waitFor(look.waitsFor, look.dueInMs);
    } catch (error) {
      return { kind: 'wait', reason: `it cannot be looked at (${systemCode(error)})`, retryMs: LOOK_AGAIN_MS };
    }
  }
  if (!rules) return { kind: 'ready' };
  const resting = { path: file.location, identity, firstSeenAt: file.record.firstSeenAt, ageMs };
  return checkReadiness(resting, rules, { fs, clock });
}

/** For as long as it takes, or until its time is over. */
function waitFor(what: string, dueInMs: number | undefined): Answer {
  const reason = `it waits for ${what}`;
  return dueInMs === undefined ? { kind: 'wait', reason } : { kind: 'wait', reason, retryMs: dueInMs, ownTime: true };
}
