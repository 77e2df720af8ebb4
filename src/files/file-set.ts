/** Several files that are one thing: what tells one state of the set from another, and the checksum over all of them. */
import { createHash } from 'node:crypto';
import type { FileIdentity } from './identity.js';

/** A file of a set, without a look at its content. */
export interface Member extends FileIdentity {
  /** Its path with `/`, relative to the set. */
  readonly name: string;
}

/**
 * The identity of a set: the sum of the sizes, the newest mtime and, where a file has its inode, a 48-bit number made
 * from what is known of every member. It stays the same when the set is moved within its volume.
 */
export function identityOfSet(members: readonly Member[]): FileIdentity {
  const lines = members.map(({ name, size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino} ${name}\n`);
  return {
    size: members.reduce((sum, { size }) => sum + size, 0),
    mtimeMs: Math.max(0, ...members.map(({ mtimeMs }) => mtimeMs)),
    ino: createHash('sha1').update(sorted(lines)).digest().readUIntBE(0, 6),
  };
}

/** The SHA-256 of a set of files, in lower-case hex: over one line `{sha256} {size} {name}\n` for each, in the order of their bytes. */
export function checksumOfSet(files: readonly { name: string; size: number; sha256: string }[]): string {
  const lines = files.map(({ name, size, sha256 }) => `${sha256} ${size} ${name}\n`);
  return createHash('sha256').update(sorted(lines)).digest('hex');
}

function sorted(lines: readonly string[]): Buffer {
  const bytes = lines.map(line => Buffer.from(line));
  return Buffer.concat(bytes.sort(Buffer.compare));
}
