/** A source on its way to a worker: small content goes along, big files are read there, from the disk, against their checksums. */
import type { FileSystem } from '../../files/file-system.js';
import { FileSource, type FileTicket } from '../file-source.js';
import { SetSource, type SetTicket } from '../set-source.js';
import type { ConverterSource } from '../source.js';

/** Plain data. */
export type PackedSource = { kind: 'file'; ticket: FileTicket } | { kind: 'set'; ticket: SetTicket };

/** @param transfer Takes the memory that the worker is given for good, where that is possible. */
export async function packSource(source: ConverterSource, transfer?: ArrayBuffer[]): Promise<PackedSource> {
  if (source instanceof SetSource) return { kind: 'set', ticket: source.ticket(transfer) };
  if (source instanceof FileSource) return { kind: 'file', ticket: source.ticket(transfer) };
  // One that is in no file: all of it goes along.
  const content = new Uint8Array(await source.bytes());
  transfer?.push(content.buffer);
  const { path, name, size, modifiedAt } = source;
  const identity = { size, mtimeMs: modifiedAt.getTime(), ino: 0 };
  return {
    kind: 'file',
    ticket: { path, name, identity, location: path, sha256: await source.sha256(), copy: undefined, content },
  };
}

export function unpackSource(packed: PackedSource, fs: FileSystem): FileSource | SetSource {
  return packed.kind === 'set' ? SetSource.from(packed.ticket, fs) : FileSource.from(packed.ticket, fs);
}
