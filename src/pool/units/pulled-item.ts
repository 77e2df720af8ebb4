/** What was pulled, as a file that only we write: its name says what its key is made from. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { FileSource } from '../../converters/file-source.js';
import { singleFile } from './single-file.js';
import type { UnitKind } from './unit-kind.js';

/** Long enough to be told by a person, and short enough for every file system. */
const MAX_SLUG = 80;
const KEYED = /\.([0-9a-f]{64})\.key\.\w+$/;

/** An item's file name: the same for the same key, or else for the same content. @param ending Without a dot. */
export function itemName(content: Uint8Array, key: string | undefined, ending: string): string {
  if (key === undefined) return `${sha256(content)}.${ending}`;
  const slug = key.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, MAX_SLUG);
  return `${slug}.${sha256(Buffer.from(key))}.key.${ending}`;
}

/** The SHA-256 of the key that an item was given; `undefined` where its content is the key. @param path Of its file. */
function givenKey(path: string): string | undefined {
  return KEYED.exec(basename(path))?.[1];
}

export const pulledItem: UnitKind = {
  ...singleFile,
  givenKey,
  read: (fs, { path, location, copyTo }) => {
    const key = givenKey(path);
    return FileSource.read({ fs, path: location, knownAs: path, copyTo, ...(key === undefined ? {} : { key }) });
  },
};

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
