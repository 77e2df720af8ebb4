/** The last steps of a file: its source is cleaned up, and its row says so. A failure here never converts or submits again. */
import { MillraceError, toError } from '../errors.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { FileRecord } from '../ledger/file-record.js';
import { reportId } from '../ledger/report-id.js';
import type { ActiveFile } from './active-file.js';
import type { Archivist } from './archivist.js';
import type { DoneFiles } from './done-files.js';
import { writeErrorFile } from './error-file.js';
import { Later } from './later.js';
import type { Places } from './places.js';
import { about, type PoolContext } from './pool-context.js';
import type { DeliveredReport } from './pool-events.js';
import { postProcess } from './post-process.js';
import type { RemovedFiles } from './removed-files.js';
import type { PostProcessed } from './target.js';

/** How a cleaning is done. */
export interface CleanOptions {
  /** Why the file failed, for its `.error` file. */
  error?: Error;
  /** It may have been begun before, by this process or one before it. */
  again?: boolean;
}

interface Retry extends CleanOptions {
  file: ActiveFile;
  failures: number;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 60_000;

/** Cleans up, and tries again as long as it takes. */
export class Cleaner {
  readonly #context: PoolContext;
  readonly #places: Places;
  /** One step at a time for each row: a settlement may come in between. */
  readonly #rows: KeyedLock;
  readonly #doneFiles: DoneFiles;
  readonly #archivist: Archivist;
  readonly #removed: RemovedFiles;
  readonly #onDone: (file: ActiveFile) => void;
  readonly #later: Later<Retry>;

  constructor(
    context: PoolContext,
    places: Places,
    parts: { rows: KeyedLock; doneFiles: DoneFiles; archivist: Archivist; removed: RemovedFiles },
    onDone: (file: ActiveFile) => void,
  ) {
    this.#context = context;
    this.#places = places;
    this.#rows = parts.rows;
    this.#doneFiles = parts.doneFiles;
    this.#archivist = parts.archivist;
    this.#removed = parts.removed;
    this.#onDone = onDone;
    this.#later = new Later(context.clock, retry => void this.#attempt(retry));
  }

  /** Does what the row says is still to be done. Resolves after the first attempt; further ones follow by themselves. */
  clean(file: ActiveFile, options: CleanOptions = {}): Promise<void> {
    return this.#attempt({ file, failures: 0, ...options });
  }

  /** A place is back: nothing waits any longer. */
  hurry(): void {
    this.#later.hurry();
  }

  close(): void {
    this.#later.close();
  }

  #attempt(retry: Retry): Promise<void> {
    return this.#rows.run(String(retry.file.record.id), () => this.#try(retry));
  }

  async #try(retry: Retry): Promise<void> {
    const { file, failures } = retry;
    const { notify, signal } = this.#context;
    try {
      await this.#step(file, { ...retry, again: retry.again === true || failures > 0 });
    } catch (thrown) {
      const error = toError(thrown);
      if (signal.aborted) return;
      // A suspended file can wait where it is; retrying the move could get in the way of its next turn.
      if (file.record.state === 'suspended') return;
      this.#places.suspect(file.entry, error);
      const path = file.path;
      const failed = new MillraceError('FILE_OPERATION', `${path} could not be cleaned up: ${error.message}`, {
        cause: error,
      });
      // Once: it is tried for as long as it takes, and would fill the log of a night.
      if (failures === 0) notify('error', { error: failed, path, correlationId: file.correlationId });
      this.#later.put({ ...retry, failures: failures + 1 }, Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures));
    }
  }

  async #step(file: ActiveFile, { error, again = false }: CleanOptions): Promise<void> {
    const { fs, ledger, notify } = this.#context;
    const { cleanup, state } = file.record;
    // Another cleaning of this row came first, as when recovery and a settlement go on with it at the same time.
    if (cleanup === null && state !== 'cleaning') return;
    // The last copy is deleted when the server has the report, and not before; one in the archive is another copy.
    if (state === 'delivering' && cleanup === 'delete' && !(await this.#archivist.has(file))) return this.#onDone(file);
    if (cleanup === 'archive') await this.#archivist.prove(file);
    if (cleanup && cleanup !== 'keep') await this.#doneFiles.release(file);
    const result: PostProcessed = cleanup
      ? await postProcess(fs, file, cleanup === 'archive' ? 'delete' : cleanup, again, (path, identity) =>
          this.#removed.hold(file, path, identity),
        )
      : { location: file.record.location, kept: file.record.kept };
    if (cleanup === 'error' && result.location) await this.#explain(file, result.location, error);
    // Told once the row says so, too: a listener may ask explain().
    const tell = (): void => {
      if (cleanup) notify('cleaned', { ...about(file), action: cleanup, ...target(result) });
    };
    if (result.location && result.location !== file.location) {
      file.location = result.location;
      this.#context.roster.freePath(file);
    }
    switch (state) {
      case 'delivering':
        file.record = await ledger.cleaned(file.record, result.location, result.kept);
        tell();
        return this.#onDone(file);
      case 'suspended':
        file.record = await ledger.located(file.record, result.location, false);
        return tell();
      case 'failed':
        file.record = await ledger.located(file.record, result.location, false);
        tell();
        notify('failed', {
          ...about(file),
          error: error ?? rememberedError(file.record),
          attempts: file.record.attempts,
          ...target(result),
        });
        return this.#onDone(file);
      case 'skipped':
        file.record = await ledger.located(file.record, result.location, result.kept);
        tell();
        return this.#onDone(file);
      case 'cleaning':
        await this.#complete(file, result, tell);
        return this.#onDone(file);
      default:
        throw new MillraceError('UNKNOWN', `a file that is ${state} has nothing to clean up`);
    }
  }

  async #complete(file: ActiveFile, { location, kept }: PostProcessed, tell: () => void): Promise<void> {
    const { ledger, notify, clock } = this.#context;
    file.record = await ledger.completed(file.record, location, kept);
    tell();
    const durationMs =
      file.startedAt === 0 ? clock.now() - file.record.firstSeenAt : clock.monotonic() - file.startedAt;
    notify('completed', { ...about(file), reports: deliveredReports(file.record), durationMs });
  }

  #explain(file: ActiveFile, location: string, error = rememberedError(file.record)): Promise<void> {
    const { record, entry, correlationId } = file;
    return writeErrorFile(this.#context.fs, location, error, {
      timestamp: new Date(this.#context.clock.now()).toISOString(),
      file: record.path,
      converter: entry.converter.name,
      attempts: record.attempts,
      correlationId,
    });
  }
}

/** The reports of a delivered file. */
export function deliveredReports({ sha256, converter, occurrence, serverIds }: FileRecord): DeliveredReport[] {
  return serverIds.map((serverId, index) => ({
    id: reportId(sha256 ?? '', converter ?? '', index, occurrence),
    serverId,
  }));
}

/** The error of a file that failed before this process began. */
function rememberedError({ reason, code }: FileRecord): Error {
  return new MillraceError((code ?? 'UNKNOWN') as MillraceError['code'], reason ?? 'it failed');
}

function target({ location }: PostProcessed): { target?: string } {
  return location === null ? {} : { target: location };
}
