/** How a turn of a file can end short of a delivery, each with its row, its event and its clean-up; and the hooks. */

import type { ConverterResult } from '../converters/converter-result.js';
import type { HeldSource } from '../converters/held-source.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import { type ContextFacts, makeContext } from '../converters/run-conversion.js';
import type { ErrorCode } from '../error-codes.js';
import { ConverterError, MillraceError, toError } from '../errors.js';
import { errorWithoutSecrets } from '../observe/secrets.js';
import type { ActiveFile } from './active-file.js';
import type { Archivist } from './archivist.js';
import { bookedOn } from './candidates.js';
import type { Cleaner } from './cleaner.js';
import { about, maxAttempts, type PoolContext } from './pool-context.js';
import { isTransient } from './transient.js';

/** Ends turns; one object serves all of a pool. */
export class Endings {
  readonly #context: PoolContext;
  readonly #cleaner: Cleaner;
  readonly #archivist: Archivist;
  /** The file waits to be tried again after `delayMs`. */
  readonly #tryAgain: (file: ActiveFile, delayMs: number) => void;

  constructor(
    context: PoolContext,
    parts: { cleaner: Cleaner; archivist: Archivist },
    tryAgain: (file: ActiveFile, delayMs: number) => void,
  ) {
    this.#context = context;
    this.#cleaner = parts.cleaner;
    this.#archivist = parts.archivist;
    this.#tryAgain = tryAgain;
  }

  /** There is nothing to deliver from it, on purpose. It is cleaned up as after a success. */
  async skip(file: ActiveFile, why: string, facts: { sha256: string; duplicateOf?: string }): Promise<void> {
    const { ledger, notify, secrets } = this.#context;
    const reason = secrets.hide(why);
    const cleanup = file.entry.postProcess;
    file.record = await ledger.skipped(file.record, {
      reason,
      cleanup,
      converter: bookedOn(file, this.#context.registry),
      sha256: facts.sha256,
    });
    file.state = 'skipped';
    const { duplicateOf } = facts;
    await this.#archivist.ended(file, 'skipped', reason);
    notify('skipped', { ...about(file), reason, ...(duplicateOf === undefined ? {} : { duplicateOf }) });
    await this.#cleaner.clean(file);
  }

  /** The converter asked for a later retry: to the pending folder, at most `maxRetries` times. */
  async suspend(file: ActiveFile, result: ConverterResult): Promise<void> {
    const { ledger, notify, clock, secrets } = this.#context;
    const reason = secrets.hide(result.reason ?? 'the converter asked for a later retry');
    if (file.record.attempts >= maxAttempts(file)) {
      return this.fail(file, new ConverterError(`still suspended after ${file.record.attempts} attempts: ${reason}`));
    }
    const retryAfterMs = delayOf(file, result.retryAfterMs);
    file.record = await ledger.suspended(file.record, reason, clock.now() + retryAfterMs);
    file.state = 'suspended';
    await this.#archivist.ended(file, 'suspended', reason);
    notify('suspended', { ...about(file), reason, retryAfterMs, attempts: file.record.attempts });
    await this.#cleaner.clean(file);
    this.#tryAgain(file, retryAfterMs);
  }

  /** A converter says that it is not complete: it stays where it is, and looking does not count as an attempt. */
  async notReady(
    file: ActiveFile,
    why: { reason?: string | undefined; retryAfterMs?: number | undefined },
  ): Promise<void> {
    const { ledger, notify, clock } = this.#context;
    const reason = why.reason ?? 'the source is not complete yet';
    const retryAfterMs = delayOf(file, why.retryAfterMs);
    file.record = await ledger.notReady(file.record, reason, clock.now() + retryAfterMs);
    file.state = 'suspended';
    notify('suspended', { ...about(file), reason, retryAfterMs, attempts: file.record.attempts });
    this.#tryAgain(file, retryAfterMs);
  }

  /** Trouble that may pass is tried again at most `maxRetries` times; everything else fails at once. */
  async failOrRetry(file: ActiveFile, thrown: Error, source?: HeldSource, result?: ConverterResult): Promise<void> {
    const error = errorWithoutSecrets(thrown, this.#context.secrets.hide);
    if (!isTransient(error) || file.record.attempts >= maxAttempts(file)) return this.fail(file, error, source, result);
    file.record = await this.#context.ledger.release(file.record, error.message);
    this.again(file, error.message, file.entry.retryDelayMs);
  }

  /** To the error folder, for good. */
  async fail(file: ActiveFile, thrown: Error, source?: HeldSource, result?: ConverterResult): Promise<void> {
    // Its words go into the ledger, a file beside the source, events and the log.
    const error = errorWithoutSecrets(thrown, this.#context.secrets.hide);
    const code: ErrorCode = error instanceof MillraceError ? error.code : 'UNKNOWN';
    const why = {
      reason: error.message,
      code,
      cleanup: 'error',
      converter: bookedOn(file, this.#context.registry),
    } as const;
    file.record = await this.#context.ledger.failed(file.record, why);
    file.state = 'failed';
    await this.#archivist.ended(file, code === 'REJECTED' ? 'rejected' : 'failed', error.message);
    if (source && result) await this.hook(file, 'onFailure', source, result);
    await this.#cleaner.clean(file, { error });
  }

  /** Tells that it is tried again, and sees to it. */
  again(file: ActiveFile, reason: string, delayMs: number): void {
    const attempt = file.record.attempts;
    this.#context.notify('retrying', { ...about(file), reason, attempt, maxAttempts: maxAttempts(file), delayMs });
    this.#tryAgain(file, delayMs);
  }

  /** Calls a hook of the converter. What it throws is reported and changes nothing. */
  async hook(
    file: ActiveFile,
    name: 'onSuccess' | 'onFailure',
    source: HeldSource,
    result: ConverterResult,
  ): Promise<void> {
    const converter: AnyConverter = file.entry.converter;
    try {
      const { signal } = this.#context;
      await converter[name]?.(source, result, makeContext(this.facts(file), signal));
    } catch (thrown) {
      const error = new MillraceError(
        'HOOK_FAILED',
        `${name} of '${converter.name}' failed: ${toError(thrown).message}`,
        { cause: thrown },
      );
      this.#context.notify('error', { error, path: file.path, correlationId: file.correlationId });
    }
  }

  /** What a converter is told of the file and the pool. */
  facts(file: ActiveFile, entry = file.entry): ContextFacts {
    return {
      arguments: entry.arguments,
      logger: this.#context.logger,
      progress: (fraction, message) =>
        this.#context.notify('progress', { ...about(file), fraction, ...(message === undefined ? {} : { message }) }),
      attempt: file.record.attempts,
      correlationId: file.correlationId,
      stationName: this.#context.stationName,
      folders: {
        watch: entry.watchFolder,
        done: entry.doneFolder,
        error: entry.errorFolder,
        pending: entry.pendingFolder,
      },
    };
  }
}

/** How long a file waits, in ms. */
function delayOf(file: ActiveFile, asked: number | undefined): number {
  return asked !== undefined && asked >= 0 ? asked : file.entry.retryDelayMs;
}
