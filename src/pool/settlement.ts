/** What the pending queue says of a report, brought to the file that it was made from. */
import { MillraceError } from '../errors.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { FileRecord, ReportState } from '../ledger/file-record.js';
import type { SettledItem, SettleHandler } from '../pending/index.js';
import type { ActiveFile } from './active-file.js';
import type { Archivist } from './archivist.js';
import { type Cleaner, deliveredReports } from './cleaner.js';
import type { Handovers } from './delivery.js';
import { about, type PoolContext } from './pool-context.js';

/** Settles reports. Idempotent: after a crash the queue tells again what it told before. */
export class Settlement implements SettleHandler {
  readonly #context: PoolContext;
  readonly #cleaner: Cleaner;
  readonly #archivist: Archivist;
  readonly #handovers: Handovers;
  readonly #rows: KeyedLock;
  /** The file of a row, in hand or taken in hand again; nothing when its converter is not in the pool any more. */
  readonly #take: (record: FileRecord) => ActiveFile | undefined;

  readonly #retake: (record: FileRecord) => Promise<unknown>;

  constructor(
    context: PoolContext,
    parts: { cleaner: Cleaner; archivist: Archivist },
    handovers: Handovers,
    rows: KeyedLock,
    taking: {
      take: (record: FileRecord) => ActiveFile | undefined;
      retake: (record: FileRecord) => Promise<unknown>;
    },
  ) {
    this.#context = context;
    this.#cleaner = parts.cleaner;
    this.#archivist = parts.archivist;
    this.#handovers = handovers;
    this.#rows = rows;
    this.#take = taking.take;
    this.#retake = taking.retake;
  }

  async delivered(item: Pick<SettledItem, 'id'>, result: { serverId?: string }): Promise<void> {
    const file = await this.#settle(item.id, 'delivered', result.serverId, async (record, rest) => {
      // Those after a refused one were never sent: its source makes them again, under the same ids.
      if (record.state === 'failed' && rest.length > 0 && rest.every(state => state === 'unsent'))
        await this.#retake(record);
      if (rest.length > 0) return undefined;
      const { ledger, notify } = this.#context;
      const taken = this.#take(record);
      // Its converter is gone from the configuration: delivered all the same, and its source stays where it is.
      if (!taken) return void (await ledger.completed(record, record.location, record.kept));
      // One that had failed, and whose refused reports were brought back, still has its source in the error folder.
      const cleanup = record.state === 'failed' ? taken.entry.postProcess : record.cleanup;
      taken.record = await ledger.delivered(record, record.serverIds, cleanup);
      taken.state = 'cleaning';
      await this.#archivist.settled(taken);
      notify('delivered', { ...about(taken), reports: deliveredReports(record) });
      return taken;
    });
    if (file) await this.#cleaner.clean(file, { again: true });
  }

  async refused(item: Pick<SettledItem, 'id'>, error: MillraceError): Promise<void> {
    const file = await this.#settle(item.id, 'refused', undefined, async record => {
      if (record.state === 'failed') return undefined;
      const { ledger } = this.#context;
      const taken = this.#take(record);
      const failed = await ledger.failed(record, {
        reason: error.message,
        code: error.code,
        cleanup: taken ? 'error' : null,
      });
      if (taken) {
        taken.record = failed;
        taken.state = 'failed';
        await this.#archivist.ended(taken, 'failed', error.message);
      }
      return taken;
    });
    if (file) await this.#cleaner.clean(file, { error, again: true });
  }

  /** A report that waits since before the start is called what its file is called. */
  async correlationIdOf(id: string): Promise<string | undefined> {
    const { ledger } = this.#context;
    const record = await ledger.fileOfReport(id);
    return record && ledger.correlationId(record);
  }

  /**
   * A file's reports were handed to the queue while it already had them, from before a crash: some may have been settled
   * when no row knew of them yet. What the queue has no more is delivered, and what it gave up is refused.
   */
  async catchUp(ids: readonly string[]): Promise<void> {
    const { pending } = this.#context;
    for (const id of ids) {
      const item = pending.find(id);
      // A queue that has lost sight of its folder says nothing about its reports; reconcile() asks when it is back.
      if (!item && !pending.loaded) continue;
      if (!item || item.state === 'completed') await this.delivered({ id }, {});
      else if (item.state === 'error') await this.refused({ id }, gaveUp());
    }
  }

  /** Notes the end of one report, and lets `then` decide about its file while nothing else changes the row. */
  async #settle(
    id: string,
    state: 'delivered' | 'refused',
    serverId: string | undefined,
    then: (record: FileRecord, rest: readonly ReportState[]) => Promise<ActiveFile | undefined>,
  ): Promise<ActiveFile | undefined> {
    const { ledger } = this.#context;
    await this.#handovers.settled(id);
    const known = await ledger.fileOfReport(id);
    // Another user of the queue, or a report that was settled before the last crash.
    if (!known) return undefined;
    return this.#rows.run(String(known.id), async () => {
      const record = await ledger.get(known.id);
      if (!record) return undefined;
      const reports = await ledger.reportsOf(record);
      // Settled meanwhile by somebody else who was told of it.
      if ((record.state !== 'delivering' && record.state !== 'failed') || !reports.some(one => one.id === id))
        return undefined;
      const position = reports.find(report => report.id === id)?.position ?? -1;
      const serverIds = record.serverIds.map((old, index) => (index === position ? (serverId ?? old) : old));
      const updated = await ledger.reportSettled(record, id, state, serverIds);
      return then(
        updated,
        reports.filter(report => report.id !== id && report.state !== 'delivered').map(report => report.state),
      );
    });
  }
}

/** The queue gave a report up, and its words are in its own `.error.json`. */
export function gaveUp(): MillraceError {
  return new MillraceError('SUBMIT_REFUSED', 'the pending queue gave this report up; see its .error.json');
}
