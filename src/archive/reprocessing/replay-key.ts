/** The key of a report that is made anew: it says which report it takes the place of, and why. */
import { createHash } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';
import { reportId } from '../../ledger/report-id.js';
import type { ArchiveEntry } from '../types.js';

/** Fixed for ever, or a replay that is repeated would count twice. */
const REPLAYS = '5d0c1c1e-6f3b-5f0a-9a51-6d696c6c7261';
/** What fits into a header and can be read. */
const MAX_WORD = 60;

/** What a report takes the place of. */
export interface Supersession {
  /** The idempotency key under which the first report was sent. */
  supersedes: string;
  /** What the server called it, where that is known. */
  serverId: string | null;
  archiveId: string;
  /** The position of the report in its source. */
  report: number;
  reason: string;
  converterName: string;
  converterVersion: string;
}

/** With what a report is made anew. */
export interface ReplayIdentity {
  version: string;
  parameters: unknown;
  reason: string;
}

/** Which report of an entry a new one supersedes. */
export function supersession(entry: ArchiveEntry, report: number, identity: ReplayIdentity): Supersession {
  return {
    supersedes: reportId(entry.sha256, entry.converterName, report),
    serverId: entry.reportIds[report] ?? null,
    archiveId: entry.archiveId,
    report,
    reason: identity.reason,
    converterName: entry.converterName,
    converterVersion: identity.version,
  };
}

/**
 * The idempotency key, such as `supersedes=0f3a…;by=csv@1.3.0;why=wrong-limit;4f2a91c07b13`. The same source, converter,
 * version, parameters and reason give the same key, so that a replay can be repeated; the last part tells apart what the
 * words cannot.
 */
export function replayKey(about: Supersession, identity: ReplayIdentity): string {
  const exactly = JSON.stringify([
    about.archiveId,
    about.converterName,
    identity.version,
    identity.reason,
    identity.parameters,
  ]);
  const tail = createHash('sha256').update(exactly).digest('hex').slice(0, 12);
  const by = `${word(about.converterName)}@${word(identity.version)}`;
  return `supersedes=${about.supersedes};by=${by};why=${word(identity.reason)};${tail}`;
}

/** The id of the report in the pending queue. */
export function replayId(key: string): string {
  return uuidv5(key, REPLAYS);
}

/** A text in the letters that a header may have. */
function word(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, MAX_WORD);
}
