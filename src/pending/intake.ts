/** The two ways into the queue: `enqueue`, which makes a report durable, and `deliver`, which tries the server first. */
import { randomUUID } from 'node:crypto';
import { DiskSpaceError, QueueError, ServiceError, SubmitError, systemCode, toError } from '../errors.js';
import { contentKeyOf } from './content-id.js';
import type { Core } from './core.js';
import { explain } from './explanation.js';
import { correlationOf, createItem, type Item, identityOf } from './item.js';
import type { ItemState } from './item-name.js';
import { type NewReport, newReport } from './new-report.js';
import { retryDelayMs } from './retry-policy.js';
import type { Room } from './room.js';
import { linkSignals, transmit } from './transmit.js';
import type { DeliverResult, EnqueueOptions, EnqueueResult } from './types.js';

export class Intake {
  readonly #core: Core;
  readonly #room: Room;
  /** What is being written or delivered: the same report again waits for the same end. */
  readonly #writing = new Map<string, Promise<EnqueueResult>>();
  readonly #delivering = new Map<string, Promise<DeliverResult>>();
  #lastTime = 0;

  constructor(core: Core, room: Room) {
    this.#core = core;
    this.#room = room;
  }

  /** Tells of a report that waits already: those to come are named after it. */
  follow(enqueuedAt: number): void {
    this.#lastTime = Math.max(this.#lastTime, enqueuedAt);
  }

  /** Resolves when nothing is on its way into the queue. */
  async finished(): Promise<void> {
    while (this.#writing.size + this.#delivering.size > 0) {
      await Promise.allSettled([...this.#delivering.values(), ...this.#writing.values()]);
    }
  }

  async enqueue(report: unknown, options: EnqueueOptions): Promise<EnqueueResult> {
    return this.#store(this.#prepare(report, options), { state: 'queued', attempts: 0, delayMs: 0 });
  }

  async deliver(report: unknown, options: EnqueueOptions & { signal?: AbortSignal }): Promise<DeliverResult> {
    const prepared = this.#prepare(report, options);
    const key = sameKey(prepared);
    const before = this.#delivering.get(key);
    if (before !== undefined) return before;
    const delivery = this.#deliver(prepared, options.signal).finally(() => this.#delivering.delete(key));
    this.#delivering.set(key, delivery);
    return delivery;
  }

  async #deliver(prepared: NewReport, signal: AbortSignal | undefined): Promise<DeliverResult> {
    const { id } = prepared;
    const { index, gate, options, counters, notify } = this.#core;
    const same = this.#duplicateOf(id);
    if (same) return { outcome: 'queued', id: same.id, reason: `It waits already: ${same.name}` };
    // What waits goes first, or the order would be lost and the backlog could starve.
    const backlog = index.waiting.hasReady(options.clock.monotonic(), true);
    if (backlog || !(await gate.enter(signal))) {
      const reason = gate.offlineReason ?? (backlog ? 'Others wait already' : 'No request can be sent now');
      await this.#store(prepared, { state: 'queued', attempts: 0, delayMs: 0 });
      return { outcome: 'queued', id, reason };
    }
    const startedAt = options.clock.monotonic();
    const stop = linkSignals(signal, this.#core.abort.signal);
    const { correlationId } = prepared.meta;
    const attemptId = randomUUID();
    try {
      const { id: serverId, response } = await gate.run(() =>
        transmit(this.#core, prepared.report, {
          ...identityOf(prepared.meta),
          attempt: 1,
          attemptId,
          signal: stop.signal,
        }),
      );
      counters.delivered += 1;
      const answer = {
        ...(serverId === undefined ? {} : { serverId }),
        ...(response === undefined ? {} : { response }),
      };
      const durationMs = options.clock.monotonic() - startedAt;
      notify('submitted', { id, attempts: 0, attemptId, durationMs, direct: true, correlationId, ...answer });
      await this.#forgetFailed(id);
      return { outcome: 'delivered', id, ...answer };
    } catch (thrown) {
      return await this.#notDelivered(prepared, toError(thrown), attemptId);
    } finally {
      stop.unlink();
    }
  }

  async #notDelivered(prepared: NewReport, error: Error, attemptId: string): Promise<DeliverResult> {
    const { options, notify, counters } = this.#core;
    const { id, meta } = prepared;
    if (!(error instanceof SubmitError) || error.kind === 'unauthorized') {
      await this.#store(prepared, { state: 'queued', attempts: 0, delayMs: 0 });
      return { outcome: 'queued', id, reason: error.message };
    }
    if (error.permanent || options.maxAttempts <= 1) {
      const { path } = await this.#store(prepared, { state: 'error', attempts: 1, delayMs: 0, error });
      counters.refused += 1;
      notify('failed', { id, path, attempts: 1, attemptId, error, correlationId: meta.correlationId });
      return { outcome: 'refused', id, error };
    }
    const delayMs = retryDelayMs(1, options.retry, error.retryAfterMs, options.random);
    await this.#store(prepared, { state: 'queued', attempts: 1, delayMs });
    const { maxAttempts } = options;
    notify('retrying', { id, attempts: 1, maxAttempts, attemptId, delayMs, error, correlationId: meta.correlationId });
    return { outcome: 'queued', id, reason: error.message };
  }

  #prepare(report: unknown, options: EnqueueOptions): NewReport {
    const { clock, dedupe } = this.#core.options;
    // Names keep the order of arrival even when the wall clock stands still or is set back, as long as something waits.
    const now =
      this.#core.index.size + this.#writing.size > 0 ? Math.max(clock.now(), this.#lastTime + 1) : clock.now();
    this.#lastTime = now;
    const prepared = newReport(report, options, now, dedupe);
    // A report that takes the place of one that was given up must not share its file name.
    const replaced = this.#core.index.get(prepared.id);
    return replaced ? { ...prepared, enqueuedAt: Math.max(now, replaced.enqueuedAt + 1) } : prepared;
  }

  #duplicateOf(id: string): Item | undefined {
    const { index, options, counters } = this.#core;
    const item = index.get(id) ?? (options.dedupe ? index.sameContent(id) : undefined);
    // A report under the id of one that was given up takes its place.
    if (!item || (item.state === 'error' && !item.unsettled)) return undefined;
    counters.duplicates += 1;
    return item;
  }

  /** Makes a report durable, once for each id. */
  async #store(prepared: NewReport, as: StoreAs): Promise<EnqueueResult> {
    const key = sameKey(prepared);
    const same = this.#duplicateOf(prepared.id);
    if (same) return { id: same.id, path: this.#core.folder.path(same.name), duplicate: true };
    const before = this.#writing.get(key);
    if (before !== undefined) {
      this.#core.counters.duplicates += 1;
      return { ...(await before), duplicate: true };
    }
    const writing = this.#write(prepared, as).finally(() => this.#writing.delete(key));
    this.#writing.set(key, writing);
    return writing;
  }

  async #write(prepared: NewReport, { state, attempts, delayMs, error }: StoreAs): Promise<EnqueueResult> {
    const { folder, index, options, counters, notify, space } = this.#core;
    const { id, enqueuedAt, priority, json, meta, hasMeta } = prepared;
    this.#core.assertFolder();
    const bytes = Buffer.byteLength(json);
    const giveBack = await this.#room.take(bytes);
    const correlationId = meta.correlationId === id ? undefined : meta.correlationId;
    try {
      const item = createItem(
        { id, enqueuedAt, priority, attempts, state, unsettled: false },
        { bytes, hasMeta, correlationId },
      );
      if (error) {
        const about = { now: options.clock.now(), file: item.name, attempts, correlationId: meta.correlationId };
        await folder.writeExplanation(item, explain(error, about));
      }
      await folder.write(item, json, hasMeta ? meta : undefined);
      await this.#forgetFailed(id);
      if (delayMs > 0) item.notBefore = options.clock.monotonic() + delayMs;
      index.add(item);
      const path = folder.path(item.name);
      if (state === 'queued') {
        counters.enqueued += 1;
        notify('enqueued', { id, path, priority, correlationId: meta.correlationId });
      }
      return { id, path, duplicate: false };
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOSPC') {
        space.reportFull();
        throw new DiskSpaceError(`The disk is full: '${folder.directory}' takes no report`, { cause: thrown });
      }
      if (thrown instanceof ServiceError) throw thrown;
      if (systemCode(thrown) === 'ENOENT') await this.#core.folderIsGone();
      throw new QueueError('FILE_OPERATION', `The report could not be written: ${toError(thrown).message}`, {
        cause: thrown,
      });
    } finally {
      giveBack();
    }
  }

  /** A report that was given up earlier under the same id has been replaced. */
  async #forgetFailed(id: string): Promise<void> {
    const { index, folder, notify } = this.#core;
    const item = index.get(id);
    if (item?.state !== 'error') return;
    index.remove(item);
    try {
      await folder.remove(item);
    } catch (error) {
      notify('error', { error: toError(error), path: folder.path(item.name), correlationId: correlationOf(item) });
    }
  }
}

/** Equal for reports that must not be taken twice. */
function sameKey({ id }: NewReport): string {
  return contentKeyOf(id) ?? id;
}

interface StoreAs {
  state: ItemState;
  attempts: number;
  delayMs: number;
  error?: SubmitError;
}
