/** One report of the queue as it is held in memory: what its file name says and when it is due, never its content. */
import { formatName, type ItemState, type NameParts } from './item-name.js';

/** A report in memory. */
export interface Item extends NameParts {
  /** The file's name as it is on the disk now; it lags behind the other fields while a rename fails. */
  name: string;
  /** Order of arrival in this process. */
  seq: number;
  /** Not to be sent before this time, in ms of `clock.monotonic()`. */
  notBefore: number;
  /** Size of the file; -1 while it is not known. */
  bytes: number;
  /** There is a sidecar with its idempotency key, correlation id, metadata and what it supersedes. */
  hasMeta: boolean;
  /** Where it is not the id. Held in memory only: a sidecar for it alone would double the files of an offline station. */
  correlationId: string | undefined;
}

/** What can change about an item. */
export interface ItemChange {
  state: ItemState;
  attempts?: number;
  unsettled?: boolean;
  notBefore?: number;
}

/** The sidecar's content. */
export interface ItemMeta {
  idempotencyKey: string;
  correlationId: string;
  metadata?: Record<string, unknown>;
  supersedes?: string;
}

let sequence = 0;

/** An item from what its name says. */
export function createItem(parts: NameParts, extra: Partial<Item> = {}): Item {
  const name = formatName(parts);
  return {
    name,
    seq: ++sequence,
    notBefore: 0,
    bytes: -1,
    hasMeta: false,
    correlationId: undefined,
    ...parts,
    ...extra,
  };
}

/** What an item without a sidecar stands for. */
export function defaultMeta(item: Pick<Item, 'id' | 'correlationId'>): ItemMeta {
  return { idempotencyKey: item.id, correlationId: correlationOf(item) };
}

/** What a submitter is told of a report, beside the attempt. */
export function identityOf({ idempotencyKey, correlationId, supersedes }: ItemMeta): Omit<ItemMeta, 'metadata'> {
  return { idempotencyKey, correlationId, ...(supersedes === undefined ? {} : { supersedes }) };
}

/** What names the report in events and log lines. */
export function correlationOf({ id, correlationId = id }: Pick<Item, 'id' | 'correlationId'>): string {
  return correlationId;
}
