/**
 * The way of one file through the pool, in the order of durable writes that lets it be interrupted anywhere: claim,
 * convert, deliver, note the delivery, clean up, note the end. The architecture guide explains each step.
 */
import type { ConverterResult } from '../converters/converter-result.js';
import type { HeldSource } from '../converters/held-source.js';
import { runConversion } from '../converters/run-conversion.js';
import { confidenceOf } from '../converters/verdict.js';
import { ConverterError, MillraceError, systemCode, toError } from '../errors.js';
import { reportId } from '../ledger/report-id.js';
import { traced } from '../observe/channels.js';
import type { ActiveFile } from './active-file.js';
import type { Archivist } from './archivist.js';
import type { Claims } from './claims.js';
import type { Cleaner } from './cleaner.js';
import { deliverReports, type Handovers } from './delivery.js';
import type { Endings } from './endings.js';
import { continuesEarlier, requireWhole, tellSuperseded } from './half-read.js';
import { about, maxAttempts, type PoolContext } from './pool-context.js';
import type { Reader } from './reader.js';
import type { Shadows } from './shadows.js';

/** What becomes of a file after its turn, beside what the ledger says. */
export interface JourneyExits {
  /** It changed while it was read: it must rest first. */
  changed(file: ActiveFile): Promise<void>;
  /** It is not there any more. */
  vanished(file: ActiveFile): Promise<void>;
  /** Something stood in its way that is not its own fault. */
  trouble(error: Error): void;
  /** These reports are the pending queue's now, and the ledger knows it. */
  handedOver(ids: readonly string[]): Promise<void>;
  /** The pool has nothing more to do with it for now. */
  done(file: ActiveFile): void;
}

/** A file that cannot be opened is tried again after this, doubled each time: some 30 s in all. */
const FIRST_UNREADABLE_DELAY_MS = 500;
const MAX_UNREADABLE = 6;
const NOT_A_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

/** Runs files; one object serves all of a pool. */
export class Journey {
  readonly #context: PoolContext;
  readonly #cleaner: Cleaner;
  readonly #archivist: Archivist;
  readonly #claims: Claims;
  readonly #handovers: Handovers;
  readonly #endings: Endings;
  readonly #reader: Reader;
  readonly #shadows: Shadows;
  readonly #exits: JourneyExits;

  constructor(
    context: PoolContext,
    parts: {
      cleaner: Cleaner;
      archivist: Archivist;
      endings: Endings;
      claims: Claims;
      handovers: Handovers;
      reader: Reader;
      shadows: Shadows;
    },
    exits: JourneyExits,
  ) {
    this.#context = context;
    this.#cleaner = parts.cleaner;
    this.#archivist = parts.archivist;
    this.#endings = parts.endings;
    this.#reader = parts.reader;
    this.#shadows = parts.shadows;
    this.#claims = parts.claims;
    this.#handovers = parts.handovers;
    this.#exits = exits;
  }

  /**
   * Takes a file as far as it gets. Never rejects: what cannot be handled is reported, and the file waits.
   * @param free Called when it needs no worker any more and its content is not held any more.
   */
  async run(file: ActiveFile, free: () => void): Promise<void> {
    try {
      const source = await this.#read(file);
      if (!source) return;
      try {
        await this.#claims.alone(source.key, () => this.#take(file, source, free));
      } finally {
        source.release();
      }
    } catch (thrown) {
      await this.#interrupted(file, toError(thrown));
    }
  }

  async #read(file: ActiveFile): Promise<HeldSource | undefined> {
    try {
      const source = await this.#reader.read(file);
      file.unreadable = 0;
      return source;
    } catch (thrown) {
      const error = toError(thrown);
      if (NOT_A_FILE.has(systemCode(error) ?? '')) {
        await this.#exits.vanished(file);
      } else if ((error as Partial<MillraceError>).code === 'SOURCE_CHANGED') {
        await this.#exits.changed(file);
      } else if (error instanceof MillraceError) {
        await this.#putAside(file, error);
      } else if (++file.unreadable <= MAX_UNREADABLE) {
        this.#endings.again(
          file,
          `it cannot be read: ${error.message}`,
          FIRST_UNREADABLE_DELAY_MS * 2 ** (file.unreadable - 1),
        );
      } else {
        const message = `${file.path} cannot be read: ${error.message}`;
        await this.#putAside(file, new MillraceError('SOURCE_UNREADABLE', message, { cause: error }));
      }
      return undefined;
    }
  }

  /** It fails without having been read. It may have grown since it was seen; what is put aside is what is there now. */
  async #putAside(file: ActiveFile, error: MillraceError): Promise<void> {
    const look = await file.entry.unit.look(this.#context.fs, file.location, 0).catch(() => undefined);
    if (look) file.record = { ...file.record, ...look.identity };
    await this.#endings.fail(file, error);
  }

  /** Claims, converts, delivers and cleans up, while no other file with the same content does. */
  async #take(file: ActiveFile, source: HeldSource, free: () => void): Promise<void> {
    const { clock, notify } = this.#context;
    // It may have grown since, while it waited for a worker.
    if (file.refused && source.size < file.entry.minSizeBytes) return this.#refuse(file, source, source.key);
    const claim = await this.#claims.claim(file, source);
    if (!claim) return;
    const { entry } = file;
    await this.#archivist.keepSource(file, source);
    const attempt = file.record.attempts;
    notify('converting', { ...about(file), attempt, maxAttempts: maxAttempts(file) });
    await this.#succeed(file, source);
    file.startedAt = clock.monotonic();
    let ready = true;
    const result = await traced('convert', { ...about(file), attempt }, () =>
      runConversion({
        converter: entry.converter,
        source,
        facts: this.#endings.facts(file),
        timeoutMs: entry.timeoutMs,
        rejectThreshold: entry.rejectThreshold,
        validated: claim.validated,
        onValidation: validation => {
          ready = validation.ready ?? true;
          const confidence = confidenceOf(validation);
          const threshold = entry.alarmThreshold;
          if (confidence < threshold) notify('lowConfidence', { ...about(file), confidence, threshold });
        },
        clock,
        signal: this.#context.signal,
      }),
    );
    const durationMs = clock.monotonic() - file.startedAt;
    await requireWhole(this.#context.fs, file, source);
    this.#shadows.offer(file, source, result, this.#endings.facts(file));
    switch (result.status) {
      case 'success':
        notify('converted', {
          ...about(file),
          reports: result.reports.length,
          warnings: result.warnings,
          metadata: result.metadata,
          durationMs,
        });
        return this.#deliver(file, source, result, { durationMs, free });
      case 'skipped':
        return this.#endings.skip(file, result.reason ?? 'the converter skipped it', { sha256: await source.sha256() });
      case 'suspended':
        return ready ? this.#endings.suspend(file, result) : this.#endings.notReady(file, result);
      case 'rejected':
        return this.#endings.fail(
          file,
          new ConverterError(result.reason ?? 'rejected', {}, 'REJECTED'),
          source,
          result,
        );
      case 'failed':
        return this.#endings.failOrRetry(
          file,
          result.error ?? new ConverterError('it failed without an error'),
          source,
          result,
        );
    }
  }

  /** Finds out whether what was delivered of this path before was the first part of what is there now. */
  async #succeed(file: ActiveFile, source: HeldSource): Promise<void> {
    const { fs, ledger } = this.#context;
    const { earlier } = file;
    if (earlier && (await continuesEarlier(fs, file, source))) file.record = ledger.superseding(file.record, earlier);
  }

  /** The rules for whole files refuse it, so no converter sees it. */
  #refuse(file: ActiveFile, source: HeldSource, sha256: string): Promise<void> {
    const { as, reason } = file.refused ?? { as: 'failed', reason: '' };
    // What is cleaned up is what was read.
    file.record = { ...file.record, ...source.identity };
    if (as === 'skipped') return this.#endings.skip(file, reason, { sha256 });
    return this.#endings.fail(
      file,
      new MillraceError('SOURCE_TOO_SMALL', `${file.path} is too small: ${reason}`),
      source,
    );
  }

  async #deliver(
    file: ActiveFile,
    source: HeldSource,
    result: ConverterResult,
    { durationMs, free }: { durationMs: number; free: () => void },
  ): Promise<void> {
    const { ledger, notify } = this.#context;
    const ids = result.reports.map((_, index) =>
      reportId(file.record.sha256 ?? '', file.entry.converter.name, index, file.record.occurrence),
    );
    file.state = 'delivering';
    let waiting: { id: string; position: number }[] = [];
    const end = this.#handovers.begin(ids);
    try {
      const delivery = await deliverReports(this.#context, file, result.reports, ids);
      if (delivery.refused) {
        // Its row knows which reports were accepted: retryFailed() of the queue may still bring the rest.
        file.record = await ledger.undelivered(
          file.record,
          delivery.serverIds,
          delivery.states.map((state, position) => ({ id: ids[position] as string, position, state })),
        );
        return await this.#endings.fail(file, delivery.refused, source, result);
      }
      // What follows is writing down and cleaning up. Only a hook may want the content once more.
      const leave = (): void => {
        source.release();
        free();
      };
      if (!file.entry.converter.onSuccess) leave();
      await this.#archivist.keepReports(file, result);
      waiting = ids.flatMap((id, position) => (delivery.states[position] === 'queued' ? { id, position } : []));
      const action = result.postProcess ?? file.entry.postProcess;
      if (waiting.length === 0) {
        file.record = await ledger.delivered(file.record, delivery.serverIds, action);
        const reports = ids.map((id, index) => ({ id, serverId: delivery.serverIds[index] ?? null }));
        notify('delivered', { ...about(file), reports });
      } else {
        file.record = await ledger.delivering(file.record, delivery.serverIds, waiting, action);
        notify('queuedOffline', { ...about(file), waiting: waiting.length, reason: delivery.reason });
      }
      tellSuperseded(this.#context, file, ids);
      await this.#archivist.converted(file, { delivered: waiting.length === 0, durationMs });
      await this.#endings.hook(file, 'onSuccess', source, result);
      leave();
      await this.#cleaner.clean(file);
    } finally {
      end();
    }
    await this.#exits.handedOver(waiting.map(report => report.id));
  }

  /** Something that is not the file's fault: a full disk, a full queue, a stop. The attempt does not count. */
  async #interrupted(file: ActiveFile, error: Error): Promise<void> {
    const { ledger, notify, signal, clock } = this.#context;
    const code = (error as Partial<MillraceError>).code;
    const claimed = file.record.state === 'processing';
    try {
      if (claimed) file.record = await ledger.release(file.record, error.message, { uncount: true });
    } catch (thrown) {
      // The ledger cannot be written just now. The next claim writes the row again, from what is known here.
      file.record = { ...file.record, state: 'discovered', attempts: file.record.attempts - 1 };
      notify('error', { error: toError(thrown), path: file.path, correlationId: file.correlationId });
    }
    if (code === 'SOURCE_CHANGED') return this.#exits.changed(file);
    this.#exits.trouble(error);
    if (signal.aborted) return this.#exits.done(file);
    notify('error', { error, path: file.path, correlationId: file.correlationId });
    file.queuedAt = clock.monotonic();
    this.#endings.again(file, error.message, FIRST_UNREADABLE_DELAY_MS * 2);
  }
}
