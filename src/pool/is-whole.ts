/** Whether a file in hand that has come to rest is whole by the rules of its converter. */
import type { Clock } from '../clock.js';
import { checkReadiness, type Verdict } from '../discovery/readiness.js';
import { systemCode } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { type FileIdentity, identityOf, sameIdentity } from '../files/identity.js';
import type { ActiveFile } from './active-file.js';

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
  if (hasWaited) {
    try {
      const now = identityOf(await fs.stat(file.location));
      if (!sameIdentity(identity, now)) return { kind: 'changed', identity: now };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return { kind: 'vanished' };
      return { kind: 'wait', reason: `it cannot be looked at (${systemCode(error)})`, retryMs: LOOK_AGAIN_MS };
    }
  }
  const rules = file.entry.readiness;
  if (!rules) return { kind: 'ready' };
  const ageMs = clock.monotonic() - file.seenAt;
  const resting = { path: file.location, identity, firstSeenAt: file.record.firstSeenAt, ageMs };
  return checkReadiness(resting, rules, { fs, clock });
}
