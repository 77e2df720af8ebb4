/** Which of many ids the catalog does not know, at the cost of one query. */
import type { ArchiveContext } from '../archive-context.js';
import { firstRow, tryParseArchiveId } from '../archive-id.js';

/** The positions of ids that there is no entry for. What cannot be an id is one of them. */
export async function missingOf({ catalog }: ArchiveContext, ids: readonly string[]): Promise<number[]> {
  const places = ids.map(id => {
    const parsed = tryParseArchiveId(id);
    return parsed ? [firstRow(parsed.at), parsed.key] : [0, ''];
  });
  const rows = await catalog.query<{ position: number }>('missing', [JSON.stringify(places)]);
  return rows.map(({ position }) => position);
}
