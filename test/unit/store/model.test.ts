import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JournaledStore } from '../../../src/store/journaled-store.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { amount } from '../../support/effort.js';
import { crashCopy, type Item, SCHEMA, tempFolder } from './support.js';

type Step =
  | { do: 'put'; ids: number[]; together: boolean }
  | { do: 'remove'; id: number }
  | { do: 'checkpoint' | 'crash' | 'reopen' | 'heal' }
  | { do: 'fail'; skip: number; code: string; afterwards: boolean };

const id = fc.integer({ min: 0, max: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      ids: fc.array(id, { minLength: 1, maxLength: 4 }),
      together: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), id }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('checkpoint' as const, 'crash' as const, 'reopen' as const, 'heal' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      skip: fc.nat(12),
      code: fc.constantFrom('ENOSPC', 'EIO', 'EACCES'),
      afterwards: fc.boolean(),
    }),
  },
);

describe('journaled store against a model', () => {
  it('holds what was acknowledged after any sequence of writes, faults, checkpoints, crashes and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const run = new Run();
        await run.start(await tempFolder());
        for (const each of steps) await run.take(each);
        await run.end();
      }),
      {
        numRuns: amount({ quick: 15, usual: 50, soak: 1_000 }),
        examples: [
          // A refused write that the disk would not take back before the crash.
          [
            [
              { do: 'fail', skip: 4, code: 'ENOSPC', afterwards: false },
              { do: 'fail', skip: 2, code: 'ENOSPC', afterwards: true },
              { do: 'put', ids: [0], together: false },
              { do: 'remove', id: 0 },
              { do: 'crash' },
            ],
          ],
        ],
      },
    );
  }, 3_600_000);
});

/** A store beside what it should hold. */
class Run {
  #model = new Map<number, string>();
  /** Refused since the last success. Where the disk also refused to take them back, a crash may bring them to light. */
  #maybe: ((model: Map<number, string>) => unknown)[] = [];
  readonly #damages: unknown[] = [];
  #folder = '';
  #fs = new FaultyFileSystem();
  #store: JournaledStore | undefined;
  #version = 0;

  async start(folder: string): Promise<void> {
    this.#folder = folder;
    this.#fs = new FaultyFileSystem();
    this.#store = new JournaledStore({ directory: folder, name: 'test', schema: SCHEMA, fs: this.#fs });
    this.#store.on('error', () => undefined);
    this.#store.on('damaged', payload => this.#damages.push(payload));
    await this.#store.open();
    await this.#settle(this.#store);
  }

  /** After a restart: what was acknowledged, and of what was refused just before, a first part at most. */
  async #settle(store: JournaledStore): Promise<void> {
    const items = JSON.stringify((await store.query<Item>('all')).map(({ id, value }) => [id, value]));
    const candidate = new Map(this.#model);
    for (const apply of this.#maybe) {
      if (items === JSON.stringify(sorted(candidate))) break;
      apply(candidate);
    }
    this.#model = candidate;
    this.#maybe = [];
    expect(items).toBe(JSON.stringify(sorted(candidate)));
    // Neither a crash nor a failing operation damages a file.
    expect(this.#damages).toEqual([]);
  }

  async take(step: Step): Promise<void> {
    const store = this.#store;
    if (!store) return;
    if (step.do === 'put') await this.#put(store, step.ids, step.together);
    if (step.do === 'remove') await this.#change(store.write('remove', [step.id]), model => model.delete(step.id));
    if (step.do === 'checkpoint') await store.checkpoint().catch(() => undefined);
    if (step.do === 'heal') this.#fs.heal();
    if (step.do === 'fail') this.#fs.fail({ code: step.code, skip: step.skip, times: 1, afterwards: step.afterwards });
    if (step.do === 'crash') {
      const copy = await crashCopy(this.#folder);
      await store.close();
      await this.start(copy);
    }
    if (step.do === 'reopen') {
      await store.close();
      await this.start(this.#folder);
    }
    await this.#check();
  }

  async end(): Promise<void> {
    await this.#store?.close();
  }

  async #put(store: JournaledStore, ids: number[], together: boolean): Promise<void> {
    const value = `version ${++this.#version}`;
    if (together) {
      const mutations = ids.map(id => ({ statement: 'put', params: [id, value] }));
      await this.#change(store.writeAll(mutations), model => {
        for (const id of ids) model.set(id, value);
      });
      return;
    }
    await Promise.all(ids.map(id => this.#change(store.write('put', [id, value]), model => model.set(id, value))));
  }

  async #change(written: Promise<void>, apply: (model: Map<number, string>) => unknown): Promise<void> {
    await written.then(
      () => {
        apply(this.#model);
        this.#maybe = [];
      },
      () => this.#maybe.push(apply),
    );
  }

  async #check(): Promise<void> {
    const items = await this.#store?.query<Item>('all');
    expect(items?.map(({ id, value }) => [id, value])).toEqual(sorted(this.#model));
  }
}

function sorted(model: ReadonlyMap<number, string>): [number, string][] {
  return [...model].sort(([a], [b]) => a - b);
}
