/** The files of a pool, a page at a time. */
import type { FileRecord, FileState } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';
import type { Engine } from './engine.js';

/** Which files `items()` lists. */
export interface ItemsFilter {
  state?: FileState;
  converterName?: string;
  /** Default 100. */
  limit?: number;
  /** The `nextCursor` of the page before. */
  cursor?: string;
}

/** A file with its state. */
export interface PoolItem extends Omit<FileRecord, 'state' | 'converter'> {
  state: FileState;
  converter: string | null;
  correlationId: string;
}

/** A page of files. */
export interface ItemsPage {
  items: PoolItem[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** States that only the process knows; in the ledger such a file is `discovered`. */
const IN_MEMORY: ReadonlySet<FileState> = new Set(['growing', 'waiting', 'ready', 'queued', 'waiting_for_network']);

/** Lists files by ascending row id. */
export async function listItems(engine: Engine, filter: ItemsFilter): Promise<ItemsPage> {
  const { state, converterName, limit = 100 } = filter;
  const afterId = Number(filter.cursor ?? 0);
  const items =
    state !== undefined && IN_MEMORY.has(state)
      ? inHand(engine, afterId, limit, file => engine.stateOf(file) === state && isOf(file, converterName))
      : await inLedger(engine, { state, converterName, afterId, limit });
  const last = items.at(-1);
  return items.length === limit && last ? { items, nextCursor: String(last.id) } : { items };
}

function inHand(engine: Engine, afterId: number, limit: number, wanted: (file: ActiveFile) => boolean): PoolItem[] {
  const found: PoolItem[] = [];
  // The roster is in order of arrival, which is the order of ids but for files that were taken up again.
  for (const file of engine.context.roster)
    if (file.record.id > afterId && wanted(file)) found.push(toItem(engine, file.record));
  return found.sort((a, b) => a.id - b.id).slice(0, limit);
}

async function inLedger(
  engine: Engine,
  filter: { state: FileState | undefined; converterName: string | undefined; afterId: number; limit: number },
): Promise<PoolItem[]> {
  const records = await engine.context.ledger.page(filter);
  return records.map(record => toItem(engine, record));
}

function toItem(engine: Engine, record: FileRecord): PoolItem {
  const file = engine.context.roster.get(record.id);
  const known = file?.record ?? record;
  return {
    ...known,
    state: file ? engine.stateOf(file) : known.state,
    converter: known.converter ?? file?.entry.converter.name ?? null,
    correlationId: engine.context.ledger.correlationId(record),
  };
}

function isOf(file: ActiveFile, converterName: string | undefined): boolean {
  return converterName === undefined || file.entry.converter.name === converterName;
}
