/** The scheduled converters of a pool, which come and go with its configuration. */
import { ScheduledConverter } from '../../converters/scheduled-converter.js';
import { PRIVATE_FOLDER } from '../../files/file-system.js';
import { within } from '../../within.js';
import type { ConverterEntry } from '../converter-entry.js';
import type { PoolContext } from '../pool-context.js';
import { Puller, type PullerExits } from './puller.js';

/** How long a start waits for a folder to be made, in ms. */
const PREPARE_MS = 5_000;

/** Has a puller for each of them. */
export class Pulls {
  readonly #context: PoolContext;
  readonly #exits: PullerExits;
  readonly #pullers = new Map<string, Puller>();
  /** Those that have ended or are ending, by name: two never pull for one converter at the same time. */
  readonly #ended = new Map<string, Promise<void>>();

  constructor(context: PoolContext, exits: PullerExits) {
    this.#context = context;
    this.#exits = exits;
  }

  /** Whether something is being pulled. */
  get busy(): boolean {
    return [...this.#pullers.values()].some(puller => puller.busy);
  }

  /**
   * Makes the folders of these entries, which nobody but us writes to. To be called before they are watched. One whose
   * disk gives no answer within 5 s is left to its watch, which looks for it until it is there.
   */
  async prepare(entries: readonly ConverterEntry[]): Promise<void> {
    const { fs, clock } = this.#context;
    const scheduled = entries.filter(({ converter }) => converter instanceof ScheduledConverter);
    const made = Promise.all(
      scheduled.map(({ watchFolder }) => fs.mkdir(watchFolder, { recursive: true, mode: PRIVATE_FOLDER })),
    );
    if (await within(clock, PREPARE_MS, made)) await made;
  }

  /** Pulls for the converters that the pool has now, and for no other. */
  update(): void {
    const { entries } = this.#context.registry;
    for (const [name, puller] of this.#pullers) {
      if (entries.includes(puller.entry)) continue;
      this.#pullers.delete(name);
      this.#ended.set(name, puller.stop());
    }
    for (const entry of entries) {
      const { converter } = entry;
      if (!(converter instanceof ScheduledConverter) || this.#pullers.has(converter.name)) continue;
      const puller = new Puller(this.#context, entry, converter, this.#exits);
      this.#pullers.set(converter.name, puller);
      puller.start(this.#ended.get(converter.name) ?? Promise.resolve());
    }
  }

  /** Resolves when nothing is pulled any more for an entry that has left. */
  async finishedOf({ converter }: ConverterEntry): Promise<void> {
    await this.#ended.get(converter.name);
  }

  /** Ends all. Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...[...this.#pullers.values()].map(puller => puller.stop()), ...this.#ended.values()]);
  }
}
