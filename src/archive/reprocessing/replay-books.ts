/** What replays ask of the catalog, and what they write into it: versions, durations, how far a run came, the audit log. */
import type { SqlValue } from '../../store/journaled-store.js';
import { firstRow } from '../archive-id.js';
import type { Catalog } from '../catalog/catalog.js';
import type { TallyState } from './tally.js';
import type { ReplayRange } from './types.js';

/** How far a run of replays came. */
export interface ReplayRun {
  /** What the run was asked for: another call under its name must ask for the same. */
  asked: string;
  /** The end of its range, fixed when it began. */
  to: number;
  /** Where its next step begins; nothing before the first and after the last. */
  cursor: string | undefined;
  /** Its end was reached. */
  complete: boolean;
  tally: TallyState;
}

export class ReplayBooks {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** The versions that the sources of a range were converted with. */
  versions(range: ReplayRange): Promise<{ version: string; entries: number }[]> {
    return this.#catalog.query('replayVersions', this.#rows(range));
  }

  /** What is known of how long conversions took. */
  async durations(range: ReplayRange): Promise<{ entries: number; measured: number; totalMs: number }> {
    const [row] = await this.#catalog.query<{ entries: number; measured: number; totalMs: number }>(
      'replayDurations',
      this.#rows(range),
    );
    return row ?? { entries: 0, measured: 0, totalMs: 0 };
  }

  /** A run that was begun under this name. */
  async run(name: string): Promise<ReplayRun | undefined> {
    const [row] = await this.#catalog.query<{ state: string }>('replayRun', [name]);
    return row && (JSON.parse(row.state) as ReplayRun);
  }

  /** Keeps how far a run came. Resolves when it is durable. */
  async keep(name: string, run: ReplayRun): Promise<void> {
    await this.#catalog.write([{ statement: 'keepReplay', params: [name, JSON.stringify(run)] }]);
  }

  /** Notes a replay in the audit log. */
  async record(subject: string, details: Record<string, unknown>): Promise<void> {
    await this.#catalog.audited({ action: 'reprocess', subject, details });
  }

  #rows({ converterName, from, to, serialNumber }: ReplayRange): SqlValue[] {
    return [
      from ? firstRow(from.getTime()) : Number.MIN_SAFE_INTEGER,
      to ? firstRow(to.getTime()) : Number.MAX_SAFE_INTEGER,
      this.#catalog.setupsOf(converterName),
      serialNumber ?? null,
    ];
  }
}
