/** Random lives of a watch folder against a model of a few lines: what was at rest is delivered, once, and the books balance. */
import { rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { amount, everywhere } from '../../support/effort.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { LineConverter, Station } from './support.js';

const tempFolder = temporaryFolders();

const name = fc.constantFrom('a.csv', 'b.csv', 'c.csv', 'd.csv');
// Few contents, so that the same one comes again under many names; some fail, some give nothing.
const content = fc.constantFrom('one', 'two', 'three', 'four\nfive', 'bad', 'nothing');

type Step =
  | { kind: 'drop' | 'rewrite'; name: string; content: string }
  | { kind: 'rename'; name: string; to: string }
  | { kind: 'delete'; name: string }
  | { kind: 'restart' | 'crash' | 'rest' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('drop' as const), name, content }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rewrite' as const), name, content }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('rest' as const) }) },
);

/** Acts on a file that the pool may take away at any moment. */
async function ifThere(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

describe('a watch folder', () => {
  it('has each content delivered exactly once, whatever happens in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 16 }),
        fc.constantFrom('move', 'keep', 'delete', 'zip'),
        async (steps, postProcess) => {
          const one = new Station(join(await tempFolder(), 'station'));
          const options = { converter: { postProcess } } as const;
          const dropped = new Set<string>();
          /** What lies in the folder; what rests there must be delivered. */
          const lying = new Map<string, string>();
          const due = new Set<string>();
          let fs = new FaultyFileSystem();
          let pool = await one.open({ ...options, fs });
          const rest = async (): Promise<void> => {
            await pool.idle();
            for (const text of lying.values()) due.add(text);
            // Without KEEP the pool has taken it by now; what comes later under its name is another file.
            if (postProcess !== 'keep') lying.clear();
          };
          for (const one_ of steps) {
            switch (one_.kind) {
              case 'drop':
                dropped.add(one_.content);
                await one.drop(one_.name, one_.content);
                lying.set(one_.name, one_.content);
                break;
              case 'rewrite':
                // In place, as a station does that keeps its file open: for a moment the file is empty.
                dropped.add(one_.content);
                await writeFile(one.at(one_.name), one_.content);
                lying.set(one_.name, one_.content);
                break;
              case 'rename':
                if (await ifThere(() => rename(one.at(one_.name), one.at(one_.to)))) {
                  const text = lying.get(one_.name);
                  if (one_.name === one_.to || text === undefined) break;
                  lying.delete(one_.name);
                  lying.set(one_.to, text);
                }
                break;
              case 'delete':
                await ifThere(() => unlink(one.at(one_.name)));
                lying.delete(one_.name);
                break;
              case 'restart':
                await pool.stop();
                one.converter = new LineConverter();
                pool = await one.open({ ...options, fs });
                break;
              case 'crash':
                // From here on nothing of this pool reaches the disk: what is there is all that the next one finds.
                fs.fail({ code: 'EIO' });
                await pool.stop({ timeoutMs: 0 });
                one.errors.length = 0;
                // The locks name this very process, which in a real crash would be gone.
                for (const folder of ['state', 'state/pending'])
                  await rm(join(one.root, folder, 'lock'), { force: true });
                fs = new FaultyFileSystem();
                one.converter = new LineConverter();
                pool = await one.open({ ...options, fs });
                break;
              case 'rest':
                await rest();
            }
          }
          await rest();
          const audit = await pool.audit();
          await pool.stop();
          const linesOf = (texts: Iterable<string>): string[] =>
            [...texts].flatMap(text => (text === 'bad' || text === 'nothing' ? [] : text.split('\n'))).sort();
          expect(one.errors).toEqual([]);
          // What the server had accepted when the process ended may come again, under the same key.
          const byKey = new Map(one.deliveries.map(({ key, line }) => [key, line]));
          const lines = [...byKey.values()];
          expect(new Set(lines).size).toBe(lines.length);
          expect(lines).toEqual(expect.arrayContaining(linesOf(due)));
          // An empty line is a file that was caught while it was rewritten.
          expect(linesOf(dropped)).toEqual(expect.arrayContaining(lines.filter(line => line !== '')));
          const { completed = 0, failed = 0, skipped = 0 } = audit.totals.files;
          expect(audit.totals.seen).toBe(completed + failed + skipped);
          expect(audit.totals.reports).toBe(lines.length);
          expect(audit.differences).toEqual([]);
        },
      ),
      { numRuns: amount({ quick: 4, usual: 10, soak: 200 }), interruptAfterTimeLimit: everywhere ? 600_000 : 40_000 },
    );
  });
});
