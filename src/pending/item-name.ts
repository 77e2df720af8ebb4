/** File names of the pending folder: they hold all that a restart must know, so that one listing recovers the queue. */

/** Where a report is in its life; also the last ending of its file. */
export type ItemState = 'queued' | 'processing' | 'error' | 'completed';

/** What a file name says. */
export interface NameParts {
  id: string;
  /** When the report was enqueued, in epoch ms. */
  enqueuedAt: number;
  /** 1 to 10; 10 goes first. */
  priority: number;
  /** How many attempts have failed. */
  attempts: number;
  state: ItemState;
  /** The outcome is known and the settle handler has not taken note of it yet. */
  unsettled: boolean;
}

/** The priority of a report that was given none; it is left out of the name. */
export const DEFAULT_PRIORITY = 5;

/** What an id may look like: safe in a file name on every platform. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,100}$/;

const NAME =
  /^(\d{8}T\d{6}\.\d{3}Z)-([A-Za-z0-9_-]{1,100})(?:\.p(10|[1-9]))?\.a(\d{1,9})(\.unsettled)?\.json\.(queued|processing|error|completed)$/;
const STEM = /^\d{8}T\d{6}\.\d{3}Z-[A-Za-z0-9_-]{1,100}$/;
const META = '.meta.json';
const RESULT = '.result.json';
const EXPLANATION = '.json';

/** The file name for a report. */
export function formatName({ priority, attempts, state, unsettled, ...rest }: NameParts): string {
  const shownPriority = priority === DEFAULT_PRIORITY ? '' : `.p${priority}`;
  return `${stemOf(rest)}${shownPriority}.a${attempts}${unsettled ? '.unsettled' : ''}.json.${state}`;
}

/** What a file name says, or `undefined` when it is not one of ours. */
export function parseName(name: string): NameParts | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, stamp = '', id = '', priority, attempts, unsettled, state] = match;
  const enqueuedAt = parseStamp(stamp);
  if (Number.isNaN(enqueuedAt)) return undefined;
  return {
    id,
    enqueuedAt,
    priority: priority === undefined ? DEFAULT_PRIORITY : Number(priority),
    attempts: Number(attempts),
    state: state as ItemState,
    unsettled: unsettled !== undefined,
  };
}

/** The part of the name that never changes; the sidecars are named by it. */
export function stemOf({ id, enqueuedAt }: Pick<NameParts, 'id' | 'enqueuedAt'>): string {
  return `${new Date(enqueuedAt).toISOString().replace(/[-:]/g, '')}-${id}`;
}

/** Holds the idempotency key, correlation id and metadata of a report that has a key of its own, or metadata. */
export function metaName(item: Pick<NameParts, 'id' | 'enqueuedAt'>): string {
  return stemOf(item) + META;
}

/** Holds the server's answer until the settle handler has taken note of it. */
export function resultName(item: Pick<NameParts, 'id' | 'enqueuedAt'>): string {
  return stemOf(item) + RESULT;
}

/** Holds the explanation beside a `.error` file. */
export function explanationName(item: NameParts): string {
  return formatName({ ...item, state: 'error', unsettled: false }) + EXPLANATION;
}

/** The stem of a sidecar's name, or the name of the `.error` file that it explains; `undefined` for any other file. */
export function sidecarOwner(name: string): string | undefined {
  const beside = [META, RESULT].find(ending => name.endsWith(ending));
  if (beside !== undefined) {
    const stem = name.slice(0, -beside.length);
    return STEM.test(stem) ? stem : undefined;
  }
  const explained = name.endsWith(EXPLANATION) ? name.slice(0, -EXPLANATION.length) : '';
  return parseName(explained)?.state === 'error' ? explained : undefined;
}

function parseStamp(stamp: string): number {
  const [date, time] = [stamp.slice(0, 8), stamp.slice(9)];
  const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}`;
  return Date.parse(iso);
}
