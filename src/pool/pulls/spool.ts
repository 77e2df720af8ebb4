/** Where what was pulled is on the disk until its reports are delivered: a watch folder that only we write to. */
import { join } from 'node:path';
import type { PulledItem } from '../../converters/scheduled-converter.js';
import { ConverterError, toError } from '../../errors.js';
import { removeIfThere, scratchName, TEMP_SUFFIX, writeAtomic } from '../../files/atomic-write.js';
import type { FileSystem } from '../../files/file-system.js';
import { exists } from '../../files/free-name.js';
import type { FileRecord } from '../../ledger/file-record.js';
import type { Ledger } from '../../ledger/ledger.js';
import { silentLogger } from '../../observe/logger.js';
import { mapConcurrently } from '../batches.js';
import { itemName } from '../units/pulled-item.js';

/** So many files are written and fsynced at the same time. */
const WRITES_AT_ONCE = 8;

/** Where what a converter pulls lies by default; its other folders are beside it. */
export function spoolFolder(dataDir: string, converterName: string): string {
  // A name may be anything, and `.` and `..` would lead elsewhere.
  const name = encodeURIComponent(converterName).replaceAll('*', '%2A').replaceAll('.', '%2E');
  return join(dataDir, 'pulled', name, 'items');
}

let tempCounter = 0;

/** A temp file that {@link Spool.sweep} knows for one. */
export function pulledTempName(folder: string): string {
  return scratchName(folder, `pulled-${++tempCounter}`);
}

/** Keeps items, each once. */
export class Spool {
  readonly #fs: FileSystem;
  readonly #ledger: Ledger;
  readonly #folder: string;

  /** @param folder The watch folder, absolute. */
  constructor(fs: FileSystem, ledger: Ledger, folder: string) {
    this.#fs = fs;
    this.#ledger = ledger;
    this.#folder = folder;
  }

  /** Removes what a process left half-written that was killed. To be called while nobody writes. */
  async sweep(): Promise<void> {
    for (const name of await this.#fs.readdir(this.#folder)) {
      if (name.startsWith('.pulled-') && name.endsWith(TEMP_SUFFIX))
        await removeIfThere(this.#fs, join(this.#folder, name));
    }
  }

  /** Writes those that are new, and resolves when they are on the disk. @returns Their paths. @throws ConverterError for what is no item. */
  async keep(items: readonly PulledItem[]): Promise<string[]> {
    const files = new Map(items.map(item => toFile(item)).map(file => [file.name, file.bytes]));
    const rows = await this.#ledger.lookup(this.#folder, [...files.keys()]);
    const written: string[] = [];
    await mapConcurrently([...files], WRITES_AT_ONCE, async ([name, bytes]) => {
      const path = join(this.#folder, name);
      if ((await exists(this.#fs, path)) || (await this.#isKnown(rows.get(name), bytes))) return;
      await writeAtomic(this.#fs, path, bytes, silentLogger, pulledTempName(this.#folder));
      written.push(path);
    });
    return written;
  }

  /** Whether the ledger has this item: in hand, or done with. */
  async #isKnown(row: FileRecord | undefined, bytes: Buffer): Promise<boolean> {
    if (!row) return false;
    // Somebody removed its file before it was taken.
    if (row.state === 'skipped' && row.sha256 === null) return false;
    if (row.state !== 'failed' || row.location === null) return true;
    // It failed, and its like would fail again; with other content it is another try.
    return (await exists(this.#fs, row.location)) && (await this.#fs.readFile(row.location)).equals(bytes);
  }
}

function toFile({ content, key }: PulledItem): { name: string; bytes: Buffer } {
  if (key !== undefined && (typeof key !== 'string' || key === '' || key.length > 500))
    throw new ConverterError('pull() gave an item whose key is not a text of 1 to 500 characters');
  if (typeof content === 'string') return named(Buffer.from(content), 'txt', key);
  if (content instanceof Uint8Array) return named(Buffer.from(content), 'bin', key);
  if (typeof content !== 'object' || content === null)
    throw new ConverterError(`pull() gave ${String(content)} as the content of an item`);
  try {
    return named(Buffer.from(JSON.stringify(content)), 'json', key);
  } catch (thrown) {
    throw new ConverterError(`pull() gave an item that is not JSON: ${toError(thrown).message}`, { cause: thrown });
  }
}

function named(bytes: Buffer, ending: string, key: string | undefined): { name: string; bytes: Buffer } {
  return { name: itemName(bytes, key, ending), bytes };
}
