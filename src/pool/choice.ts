/**
 * Which converter takes a file that several may take. The attempt is counted before any of them is asked, and who has it
 * is durable before it begins: whatever ends the process, the file keeps its converter and its reports keep their ids.
 */
import { choose } from '../converters/choose.js';
import type { HeldSource } from '../converters/held-source.js';
import { ConverterError, MillraceError } from '../errors.js';
import type { ActiveFile } from './active-file.js';
import type { ConverterEntry } from './converter-entry.js';
import type { Endings } from './endings.js';
import { about, type PoolContext } from './pool-context.js';

/** What a choice needs to know of the pool. */
export interface ChoiceExits {
  /** Why files of this converter wait, where they do. */
  closedBecause(entry: ConverterEntry): string | undefined;
  /** The file waits for a worker again. */
  requeue(file: ActiveFile): void;
}

/** Chooses; one object serves all of a pool. */
export class Choice {
  readonly #context: PoolContext;
  readonly #endings: Endings;
  readonly #exits: ChoiceExits;

  constructor(context: PoolContext, endings: Endings, exits: ChoiceExits) {
    this.#context = context;
    this.#endings = endings;
    this.#exits = exits;
  }

  /** The converters to choose from: one, where there is no choice or it was made. `file.entry` is the first of them. */
  candidates(file: ActiveFile, sha256: string): readonly ConverterEntry[] {
    if (isChosen(file, sha256)) return [file.entry];
    const candidates = this.#context.registry.rivals(file.entry, file.record);
    // A file from the error folder may have a name that nobody takes any more.
    if (candidates.length === 0) return [file.entry];
    file.entry = candidates[0] as ConverterEntry;
    return candidates;
  }

  /** Asks `candidates`, and sees to the file where none has it. @returns Whether one has it now: `file.entry`. */
  async make(file: ActiveFile, source: HeldSource, candidates: readonly ConverterEntry[]): Promise<boolean> {
    const { ledger, clock, notify, signal } = this.#context;
    const sha256 = source.key;
    file.record = await ledger.claim(file.record, null, { ...source.identity, sha256, occurrence: 0 });
    file.state = 'processing';
    const jobs = candidates.map(entry => ({
      converter: entry.converter,
      source,
      facts: this.#endings.facts(file, entry),
      timeoutMs: entry.timeoutMs,
      rejectThreshold: entry.rejectThreshold,
      clock,
      signal,
    }));
    const choice = await choose(jobs, (error, index) => this.#tell(file, candidates[index] as ConverterEntry, error));
    switch (choice.kind) {
      case 'chosen': {
        file.entry = candidates[choice.index] as ConverterEntry;
        const { confidence } = choice;
        const threshold = file.entry.alarmThreshold;
        if (confidence < threshold) notify('lowConfidence', { ...about(file), confidence, threshold });
        return this.#isOpen(file);
      }
      case 'later':
        file.entry = candidates[choice.index] as ConverterEntry;
        await this.#endings.notReady(file, choice.refusal);
        return false;
      case 'rejected': {
        const error = new ConverterError(choice.reason, {}, 'REJECTED');
        await this.#endings.fail(file, error);
        return false;
      }
      case 'failed':
        await this.#endings.failOrRetry(file, choice.error);
        return false;
    }
  }

  /** Its converter may be paused, or its folders away, while those of the others are not. */
  async #isOpen(file: ActiveFile): Promise<boolean> {
    const reason = this.#exits.closedBecause(file.entry);
    if (reason === undefined) return true;
    file.record = await this.#context.ledger.release(file.record, `it waits: ${reason}`, { uncount: true });
    this.#exits.requeue(file);
    return false;
  }

  #tell(file: ActiveFile, { converter }: ConverterEntry, cause: Error): void {
    const { path, correlationId } = file;
    const message = `validate of '${converter.name}' failed, so it cannot have ${path}: ${cause.message}`;
    this.#context.notify('error', { error: new MillraceError('HOOK_FAILED', message, { cause }), path, correlationId });
  }
}

/** Whether it is settled which converter has this content. */
function isChosen({ record, entry }: ActiveFile, sha256: string): boolean {
  return record.converter === entry.converter.name && record.sha256 === sha256;
}
