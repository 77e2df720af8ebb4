/** The changes that put an entry into the catalog. */
import { parseArchiveId } from '../archive-id.js';
import type { Draft } from '../blobs/draft.js';
import { nameOf } from '../blobs/source-header.js';
import type { Catalog, Change } from './catalog.js';
import { wordsOfName } from './words.js';

/** Where an entry stands, and where its bytes are. */
export interface EntryPlace {
  id: string;
  row: number;
  /** Of its blob's name. */
  ending: string;
  /** Size of the blob. */
  bytes: number;
  /** The row of the entry whose blob it shares. */
  owner: number | null;
}

export function entryChanges(
  catalog: Catalog,
  { source, sha256, size }: Pick<Draft, 'source' | 'sha256' | 'size'>,
  { id, row, ending, bytes, owner }: EntryPlace,
): Change[] {
  const { at, key } = parseArchiveId(id);
  const name = nameOf(source.path);
  const setup = catalog.setupId({
    converter: source.converter,
    version: source.version,
    parameters: JSON.stringify(source.parameters),
  });
  const folder = catalog.folderId(source.path.slice(0, source.path.length - name.length));
  const age = Math.round(at - source.modifiedAt.getTime());
  const lag = source.archivedAt.getTime() - at;
  return [
    {
      statement: 'addEntry',
      params: [
        row,
        key,
        setup,
        folder,
        name,
        catalog.endingId(ending),
        sha256,
        size,
        bytes,
        age,
        lag,
        source.members ?? null,
        owner,
      ],
    },
    { statement: 'addWords', params: [row, wordsOfName(name)] },
  ];
}
