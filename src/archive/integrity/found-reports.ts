/** Puts reports into the catalog from what their files say, and mends what the catalog says of them. */
import type { ArchiveContext } from '../archive-context.js';
import { headerOf } from '../blobs/blob-reader.js';
import type { ReportHeader } from '../blobs/source-header.js';
import type { Change } from '../catalog/catalog.js';
import { type ReportOnDisk, reportsOf } from '../restore.js';

/** A report's file, and whose it is. */
export interface FoundReport extends ReportOnDisk {
  /** The id of the source. */
  id: string;
}

/** What a file in the folder of reports says of itself; `undefined` when it says nothing sound. */
export async function reportAt({ fs, blobs }: ArchiveContext, path: string): Promise<FoundReport | undefined> {
  const file = blobs.path(path);
  const header = await headerOf(fs, file);
  if (header?.facts.kind !== 'report') return undefined;
  const { id, position } = header.facts as unknown as ReportHeader;
  const { size, sha256 } = header.content;
  return { id, position, size, stored: (await fs.stat(file)).size, digest: sha256.slice(0, 16) };
}

/** @param found All reports of one source. @returns How many the catalog did not know; `undefined` when it does not know the source. */
export async function takeReports(context: ArchiveContext, found: readonly FoundReport[]): Promise<number | undefined> {
  const { catalog, contents } = context;
  const id = found[0]?.id ?? '';
  return contents.run(`reports of ${id}`, async () => {
    const entry = await catalog.entry(id);
    if (!entry) return undefined;
    const known = new Map((await reportsOf(context, entry)).map(report => [report.position, report]));
    const wrong = found.filter(report => !agrees(known.get(report.position), report));
    // Those whose file is gone stay: verify() names them.
    const reports = new Map<number, ReportOnDisk>([
      ...known,
      ...found.map(report => [report.position, report] as const),
    ]);
    const count = Math.max(...reports.keys()) + 1;
    if (wrong.length === 0 && count === entry.reports) return 0;
    const first = reports.get(0);
    const total = [...reports.values()].reduce((sum, { stored }) => sum + stored, 0);
    await catalog.write([
      { statement: 'mendReports', params: [entry.id, count, first?.size ?? null, total, first?.digest ?? null] },
      ...wrong
        .filter(({ position }) => position > 0)
        .map(({ position, size, stored, digest }): Change => {
          return { statement: 'anotherReport', params: [entry.id, position, size, stored, digest] };
        }),
    ]);
    return wrong.filter(({ position }) => !known.has(position)).length;
  });
}

function agrees(known: ReportOnDisk | undefined, { size, stored, digest }: ReportOnDisk): boolean {
  return known?.size === size && known.stored === stored && known.digest === digest;
}
