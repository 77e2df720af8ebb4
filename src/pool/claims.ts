/** Step 1 of a file: one converter has it, the attempt is counted, and both are durable. Content is claimed once at a time. */
import type { HeldSource } from '../converters/held-source.js';
import { KeyedLock } from '../keyed-lock.js';
import type { FileRecord } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';
import type { Archivist } from './archivist.js';
import { Choice, type ChoiceExits } from './choice.js';
import type { ConverterEntry } from './converter-entry.js';
import type { Endings } from './endings.js';
import type { PoolContext } from './pool-context.js';

/** Claims files; one object serves all of a pool. */
export class Claims {
  readonly #context: PoolContext;
  readonly #endings: Endings;
  readonly #archivist: Archivist;
  readonly #choice: Choice;
  readonly #contents = new KeyedLock();

  constructor(context: PoolContext, endings: Endings, archivist: Archivist, exits: ChoiceExits) {
    this.#context = context;
    this.#endings = endings;
    this.#archivist = archivist;
    this.#choice = new Choice(context, endings, exits);
  }

  /** Files with the same content go one after the other, so that the second finds the first. */
  alone(sha256: string, work: () => Promise<void>): Promise<void> {
    return this.#contents.run(sha256, work);
  }

  /** @returns Whether `validate` was asked by now; nothing when the file has come to its end or waits. */
  async claim(file: ActiveFile, source: HeldSource): Promise<{ validated: boolean } | undefined> {
    const { ledger } = this.#context;
    const sha256 = source.key;
    const fresh = file.record.sha256 !== sha256 || file.record.converter === null;
    const candidates = this.#choice.candidates(file, sha256);
    const validated = candidates.length > 1;
    if (validated && !(await this.#choice.make(file, source, candidates))) return undefined;
    const { identity, duplicates } = file.entry;
    const twin = duplicates === 'skip' ? await this.#twin(file, sha256, candidates) : undefined;
    if (twin) {
      // It may have grown since it was first seen; what is cleaned up is what was read.
      file.record = { ...file.record, ...source.identity, converter: identity.name };
      await this.#archivist.keepSource(file, source);
      const reason = `its content was delivered before, as ${twin.path}`;
      await this.#endings.skip(file, reason, { sha256, duplicateOf: twin.path });
      return undefined;
    }
    const occurrence = await this.#occurrence(file, sha256, fresh);
    file.record = validated
      ? await ledger.chosen(file.record, identity, occurrence)
      : await ledger.claim(file.record, identity, { ...source.identity, sha256, occurrence });
    file.state = 'processing';
    return { validated };
  }

  /** A file whose content was delivered before, by the converter that has this one or by another that may. */
  async #twin(
    file: ActiveFile,
    sha256: string,
    candidates: readonly ConverterEntry[],
  ): Promise<FileRecord | undefined> {
    for (const { converter } of candidates) {
      const twin = await this.#context.ledger.deliveredTwin(file.record, sha256, converter.name);
      if (twin) return twin;
    }
    return undefined;
  }

  /** How many times its content was delivered before on purpose. A file that had its number keeps it. */
  async #occurrence({ entry, record }: ActiveFile, sha256: string, fresh: boolean): Promise<number> {
    if (entry.duplicates === 'skip') return 0;
    return fresh ? this.#context.ledger.occurrences(record, sha256, entry.converter.name) : record.occurrence;
  }
}
