/**
 * What happens to a report once its outcome is known: its file is renamed, the settle handler is told, and then it is
 * removed or kept. Each step is repeated until it succeeds, in this process or after the next start, and the report is
 * never sent again for it.
 */
import type { Timer } from '../clock.js';
import { type MillraceError, ServiceError, systemCode, toError } from '../errors.js';
import type { SubmitResult } from '../submit/submitter.js';
import { type Core, toPendingItem } from './core.js';
import { errorFromExplanation, explain } from './explanation.js';
import { correlationOf, defaultMeta, type Item, type ItemMeta } from './item.js';
import { formatName } from './item-name.js';
import type { SettledItem, SettleHandler } from './types.js';

/** What became of a report. */
export type Outcome = { kind: 'delivered'; result: SubmitResult } | { kind: 'refused'; error: MillraceError };

interface Job {
  item: Item;
  /** Absent after a restart: both are read from the files then. */
  meta?: ItemMeta;
  outcome?: Outcome;
  onSettled?: () => void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
const PARALLEL = 8;

export class Settlement {
  readonly #core: Core;
  readonly #onProgress: () => void;
  /** Every job that is not done, by the report's id. */
  readonly #jobs = new Map<string, Job>();
  readonly #next = new Set<Job>();
  readonly #failed = new Set<Job>();
  readonly #running = new Set<Promise<void>>();
  #handler: SettleHandler | undefined;
  #delayMs = FIRST_RETRY_MS;
  #timer: Timer | undefined;
  #stopped = true;

  /** @param onProgress Called when a job is done. */
  constructor(core: Core, onProgress: () => void) {
    this.#core = core;
    this.#onProgress = onProgress;
  }

  /** How many reports are not settled yet. */
  get backlog(): number {
    return this.#jobs.size;
  }

  get hasHandler(): boolean {
    return this.#handler !== undefined;
  }

  /** From now on outcomes are told to `handler`; those that were left over by an earlier process first. */
  handle(handler: SettleHandler): void {
    this.#handler = handler;
    if (!this.#stopped) this.replay();
  }

  /** The note of a report that waits since before the start, with the name that its owner knows it by. */
  async named(item: Item, meta: ItemMeta): Promise<ItemMeta> {
    if (!this.#handler?.correlationIdOf || item.correlationId !== undefined || meta.correlationId !== item.id)
      return meta;
    try {
      item.correlationId = await this.#handler.correlationIdOf(item.id);
    } catch (thrown) {
      // It is a name for logs and no reason not to send.
      this.#core.options.logger.debug({ err: toError(thrown), reportId: item.id }, 'A report could not be named');
    }
    return { ...meta, correlationId: correlationOf(item) };
  }

  start(): void {
    this.#stopped = false;
    this.replay();
    this.#retryFailed();
  }

  /** Resolves when every job was tried. */
  async finished(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Starts nothing more. What is left is done after the next start. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#core.options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Takes over a report whose outcome is known. @param onSettled Called once when all is done. */
  settle(item: Item, meta: ItemMeta, outcome: Outcome, onSettled?: () => void): void {
    const unsettled = this.#handler !== undefined;
    const job: Job = { item, meta, outcome, ...(onSettled ? { onSettled } : {}) };
    // Before the counts change: the report must not seem to be at its end in between.
    this.#jobs.set(item.id, job);
    this.#core.index.update(item, { state: outcome.kind === 'delivered' ? 'completed' : 'error', unsettled });
    this.#add(job);
  }

  /** Takes up what the folder says is unsettled. */
  replay(): void {
    if (!this.#handler) return;
    for (const item of this.#core.index.all()) {
      if (item.unsettled && !this.#jobs.has(item.id)) this.#add({ item });
    }
  }

  /** After the folder was read anew: an outcome that could not be written down belongs to the report that was found again. */
  rebind(item: Item): boolean {
    const job = this.#jobs.get(item.id);
    if (!job?.outcome) return false;
    item.state = job.outcome.kind === 'delivered' ? 'completed' : 'error';
    item.unsettled = job.item.unsettled;
    job.item = item;
    return true;
  }

  #add(job: Job): void {
    this.#jobs.set(job.item.id, job);
    this.#next.add(job);
    this.#pump();
  }

  #pump(): void {
    for (const job of this.#next) {
      if (this.#stopped || this.#running.size >= PARALLEL) return;
      this.#next.delete(job);
      const run: Promise<void> = this.#run(job).finally(() => {
        this.#running.delete(run);
        this.#pump();
        this.#onProgress();
      });
      this.#running.add(run);
    }
  }

  async #run(job: Job): Promise<void> {
    try {
      await this.#finish(job);
      this.#delayMs = FIRST_RETRY_MS;
      // A report that is enqueued again under this id while the job ran has a job of its own.
      if (this.#jobs.get(job.item.id) === job) this.#jobs.delete(job.item.id);
      job.onSettled?.();
    } catch (thrown) {
      const path = this.#core.folder.path(job.item.name);
      const correlationId = job.meta?.correlationId ?? correlationOf(job.item);
      this.#core.notify('error', { error: toError(thrown), path, correlationId });
      this.#failed.add(job);
      this.#retryLater();
    }
  }

  #retryLater(): void {
    if (this.#stopped || this.#timer) return;
    this.#timer = this.#core.options.clock.setTimeout(() => this.#retryFailed(), this.#delayMs);
    this.#timer.unref();
    this.#delayMs = Math.min(LAST_RETRY_MS, this.#delayMs * 2);
  }

  #retryFailed(): void {
    this.#timer = undefined;
    for (const job of this.#failed) this.#next.add(job);
    this.#failed.clear();
    this.#pump();
  }

  async #finish(job: Job): Promise<void> {
    const { item } = job;
    job.meta ??= await this.#core.folder.readMeta(item).catch(() => defaultMeta(item));
    job.outcome ??= await this.#savedOutcome(item);
    if (job.outcome.kind === 'delivered') await this.#finishDelivered(item, job.meta, job.outcome.result);
    else await this.#finishRefused(item, job.meta, job.outcome.error);
    // The folder went and came back meanwhile, and the report was found in it again.
    if (job.item !== item) await this.#finish(job);
  }

  async #finishDelivered(item: Item, meta: ItemMeta, { id, response }: SubmitResult): Promise<void> {
    const { folder, index, options } = this.#core;
    const result = { ...(id === undefined ? {} : { serverId: id }), ...(response === undefined ? {} : { response }) };
    if (item.unsettled) {
      await folder.writeResult(item, result);
      await this.#rename(item, { state: 'completed', unsettled: true });
      await this.#handler?.delivered(this.#settled(item, meta), result);
      this.#assertOurs();
    }
    if (options.keepCompleted) {
      await this.#rename(item, { state: 'completed' });
      await folder.removeNotes(item);
    } else if (!(await folder.remove(item)) && (await this.#core.folderIsGone())) {
      // It is still there, out of reach: forgotten now, it would be sent again when the folder is back.
      throw new ServiceError('FOLDER_MISSING', `'${item.name}' was delivered and cannot be removed yet`);
    }
    index.remove(item);
  }

  async #finishRefused(item: Item, meta: ItemMeta, error: MillraceError): Promise<void> {
    const { folder, index, options } = this.#core;
    const file = formatName({ ...item, state: 'error', unsettled: false });
    const about = { now: options.clock.now(), file, attempts: item.attempts, correlationId: meta.correlationId };
    await folder.writeExplanation(item, explain(error, about));
    if (item.unsettled) {
      await this.#rename(item, { state: 'error', unsettled: true });
      await this.#handler?.refused(this.#settled(item, meta), error);
      this.#assertOurs();
    }
    await this.#rename(item, { state: 'error' });
    index.update(item, { state: 'error' });
  }

  /** A handler may take longer than a stop waits; the folder may have another owner then. */
  #assertOurs(): void {
    this.#core.abort.signal.throwIfAborted();
  }

  /** A file that somebody took away after the server had accepted it needs no renaming. */
  async #rename(item: Item, change: { state: 'completed' | 'error'; unsettled?: boolean }): Promise<void> {
    try {
      await this.#core.folder.rename(item, change);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || (await this.#core.folderIsGone())) throw error;
    }
  }

  async #savedOutcome(item: Item): Promise<Outcome> {
    const { folder } = this.#core;
    if (item.state === 'error')
      return { kind: 'refused', error: errorFromExplanation(await folder.readExplanation(item)) };
    const { serverId, response } = await folder.readResult(item);
    const id = typeof serverId === 'string' ? { id: serverId } : {};
    return { kind: 'delivered', result: { ...id, ...(response === undefined ? {} : { response }) } };
  }

  #settled(item: Item, meta: ItemMeta): SettledItem {
    return { ...toPendingItem(this.#core, item), ...meta };
  }
}
