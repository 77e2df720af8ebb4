/** Files in the archive that the catalog does not know. */
import type { ArchiveContext } from '../archive-context.js';
import { firstRow, tryParseArchiveId } from '../archive-id.js';
import { blobDays, idInPath } from './blob-files.js';
import type { Damage } from './verify.js';

const DAY_MS = 86_400_000;

/** Names them. `rebuild()` takes those up that are whole. */
export async function* orphans(context: ArchiveContext, signal: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { catalog } = context;
  for (const kind of ['sources', 'reports'] as const) {
    for await (const { day, paths } of blobDays(context, kind)) {
      if (signal?.aborted) return;
      const at = Date.parse(`${day.replaceAll('/', '-')}T00:00:00Z`);
      const range = [firstRow(at), firstRow(at + DAY_MS)];
      const rows = await catalog.query<{ key: string }>('keysOfRange', range);
      const known = new Set(rows.map(({ key }) => key));
      for (const path of paths) {
        const id = idInPath(path);
        const parsed = tryParseArchiveId(id);
        if (parsed && known.has(parsed.key)) continue;
        // One that came after the rows were read is no orphan.
        if (parsed && (await catalog.rows.find(parsed.at, parsed.key)) !== undefined) continue;
        const message = `${path} is not in the catalog; rebuild() takes it up if it is whole`;
        yield { archiveId: id, path, problem: 'orphan', message };
      }
    }
  }
}
