/** From a file's reports to their delivery: each is accepted by the server or durable in the pending queue. */
import { ConverterError, type MillraceError } from '../errors.js';
import type { ReportState } from '../ledger/file-record.js';
import type { DeliverResult } from '../pending/index.js';
import type { ActiveFile } from './active-file.js';
import { supersededReports } from './half-read.js';
import type { PoolContext } from './pool-context.js';

/** Where the reports of a file are now. */
export interface Delivery {
  /** What the server called them, in order; null where it has not answered or said nothing. */
  serverIds: (string | null)[];
  /** Where each of them is, in order. */
  states: ReportState[];
  /** Why they wait. */
  reason: string;
  /** The server refused one, or one is not JSON. Those after it were not sent. */
  refused?: MillraceError;
}

/** Delivers reports in order, under ids that are the same after any crash. @throws when one can be neither sent nor kept. */
export async function deliverReports(
  context: PoolContext,
  file: ActiveFile,
  reports: readonly unknown[],
  ids: readonly string[],
): Promise<Delivery> {
  const delivery: Delivery = { serverIds: ids.map(() => null), states: ids.map(() => 'unsent'), reason: '' };
  const { correlationId } = file;
  const { signal } = context;
  const superseded = await supersededReports(context, file);
  for (const [position, report] of reports.entries()) {
    const id = ids[position] as string;
    let result: DeliverResult;
    try {
      const earlier = superseded[position];
      const supersedes = earlier === undefined ? {} : { supersedes: earlier };
      const { priority } = file.entry;
      result = await context.pending.deliver(report, { id, priority, correlationId, signal, ...supersedes });
    } catch (thrown) {
      if ((thrown as Partial<MillraceError>).code !== 'QUEUE_CORRUPTED') throw thrown;
      // Not JSON. It would be the same every time, so it is the converter's failure and not an interruption.
      const message = `Report ${position} of '${file.entry.converter.name}' cannot be written as JSON`;
      return { ...delivery, refused: new ConverterError(message, { cause: thrown }) };
    }
    switch (result.outcome) {
      case 'delivered':
        delivery.states[position] = 'delivered';
        delivery.serverIds[position] = result.serverId ?? null;
        break;
      case 'queued':
        delivery.states[position] = 'queued';
        delivery.reason = result.reason;
        break;
      case 'refused':
        delivery.states[position] = 'refused';
        return { ...delivery, refused: result.error };
    }
  }
  return delivery;
}

/**
 * Reports that were handed to the pending queue while the ledger does not know it yet. The queue may deliver one before
 * that; its settlement then waits until the file's own step is done.
 */
export class Handovers {
  readonly #open = new Map<string, Promise<void>>();

  /** @returns What ends it. */
  begin(ids: readonly string[]): () => void {
    let end: () => void = () => undefined;
    const ended = new Promise<void>(resolve => {
      end = resolve;
    });
    for (const id of ids) this.#open.set(id, ended);
    return () => {
      for (const id of ids) this.#open.delete(id);
      end();
    };
  }

  /** Resolves when the report is not being handed over (any more). */
  async settled(id: string): Promise<void> {
    await this.#open.get(id);
  }
}
