/** The files of the queue: writing a report durably, renaming it through its states, and what lies beside it. */
import { join } from 'node:path';
import { QueueCorruptedError, systemCode, toError } from '../errors.js';
import { discard, removeIfThere, tempName, writeDurably } from '../files/atomic-write.js';
import { whileBusy } from '../files/busy.js';
import type { FileSystem } from '../files/file-system.js';
import { FolderSync } from '../files/folder-sync.js';
import type { Reserve } from '../files/reserve.js';
import type { Logger } from '../observe/logger.js';
import { defaultMeta, type Item, type ItemChange, type ItemMeta } from './item.js';
import { explanationName, formatName, metaName, resultName } from './item-name.js';

export class ItemFolder {
  readonly directory: string;
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #reserve: Reserve;
  readonly #sync: FolderSync;

  constructor(directory: string, fs: FileSystem, logger: Logger, reserve: Reserve) {
    this.directory = directory;
    this.#fs = fs;
    this.#logger = logger;
    this.#reserve = reserve;
    this.#sync = new FolderSync(fs, directory);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a new report, its sidecar first; resolves when both are on the disk. Leaves nothing behind when it fails. */
  async write(item: Item, json: string, meta: ItemMeta | undefined): Promise<void> {
    try {
      if (meta) {
        await this.#place(metaName(item), JSON.stringify(meta));
        await this.#sync.done();
      }
      await this.#place(item.name, json);
      await this.#sync.done();
    } catch (error) {
      // Not durable, so not accepted: it must not come back at the next start either.
      await discard(this.#fs, this.path(item.name), this.#logger);
      if (meta) await discard(this.#fs, this.path(metaName(item)), this.#logger);
      throw error;
    }
  }

  /** Renames the file to what it becomes with this change; `item.name` says where it is then. */
  async rename(item: Item, change: ItemChange): Promise<void> {
    const name = formatName({ ...item, unsettled: false, ...change });
    if (name === item.name) return;
    try {
      await this.#reserve.spend(() => whileBusy(() => this.#fs.rename(this.path(item.name), this.path(name))));
    } catch (error) {
      // On a share, a rename whose answer got lost has been done: the next try finds the file under its new name.
      if (systemCode(error) !== 'ENOENT' || !(await this.exists(name))) throw error;
    }
    item.name = name;
  }

  async exists(name: string): Promise<boolean> {
    try {
      await this.#fs.lstat(this.path(name));
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  read(item: Item): Promise<Buffer> {
    return this.#fs.readFile(this.path(item.name));
  }

  /**
   * What is kept beside the report, or what a report without a sidecar stands for.
   * @throws {QueueCorruptedError} when there was a sidecar and it cannot be read: under another key it might be sent twice.
   */
  async readMeta(item: Item): Promise<ItemMeta> {
    if (!item.hasMeta) return defaultMeta(item);
    const meta = await this.#readJson(metaName(item));
    if (!meta)
      throw new QueueCorruptedError(`'${metaName(item)}', which holds the idempotency key, is missing or damaged`);
    return { ...defaultMeta(item), ...meta };
  }

  /** Keeps the server's answer until it is settled. Not fsynced: it survives a killed process, which is what it is for. */
  async writeResult(item: Item, result: unknown): Promise<void> {
    await this.#reserve.spend(() => this.#replace(resultName(item), JSON.stringify(result)));
  }

  async readResult(item: Item): Promise<Record<string, unknown>> {
    return (await this.#readJson(resultName(item))) ?? {};
  }

  async writeExplanation(item: Item, explanation: object): Promise<void> {
    const json = `${JSON.stringify(explanation, null, 2)}\n`;
    await this.#reserve.spend(() => this.#replace(explanationName(item), json));
  }

  async readExplanation(item: Item): Promise<Record<string, unknown>> {
    return (await this.#readJson(explanationName(item))) ?? {};
  }

  /** Removes what lies beside a report but is not its sidecar: the explanation and the server's answer. */
  async removeNotes(item: Item): Promise<void> {
    await removeIfThere(this.#fs, this.path(explanationName(item)));
    await removeIfThere(this.#fs, this.path(resultName(item)));
  }

  /**
   * Removes the report, then what lies beside it: an orphaned sidecar is swept at the next start, an orphaned report lies.
   * `false` when the report was not there.
   */
  async remove(item: Item): Promise<boolean> {
    const wasThere = await removeIfThere(this.#fs, this.path(item.name));
    if (item.hasMeta) await removeIfThere(this.#fs, this.path(metaName(item)));
    await this.removeNotes(item);
    return wasThere;
  }

  /** Resolves when every rename before this call is on the disk. */
  synced(): Promise<void> {
    return this.#sync.done();
  }

  async #place(name: string, content: string): Promise<void> {
    const path = this.path(name);
    const temp = tempName(path);
    try {
      await writeDurably(this.#fs, temp, content);
      await whileBusy(() => this.#fs.rename(temp, path));
    } catch (error) {
      await discard(this.#fs, temp, this.#logger);
      throw error;
    }
  }

  async #replace(name: string, content: string): Promise<void> {
    const path = this.path(name);
    await removeIfThere(this.#fs, path);
    await writeDurably(this.#fs, path, content);
  }

  async #readJson(name: string): Promise<Record<string, unknown> | undefined> {
    try {
      const value: unknown = JSON.parse((await this.#fs.readFile(this.path(name))).toString('utf8'));
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch (error) {
      const code = systemCode(error);
      if (code !== undefined && code !== 'ENOENT') throw error;
      if (code === undefined)
        this.#logger.warn({ file: name, err: toError(error) }, 'A note beside a report is damaged');
      return undefined;
    }
  }
}
