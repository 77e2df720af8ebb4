import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConverterBase } from '../../../src/converters/converter-base.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { identityOf } from '../../../src/files/identity.js';
import { KeyedLock } from '../../../src/keyed-lock.js';
import { activeFile } from '../../../src/pool/active-file.js';
import type { Archivist } from '../../../src/pool/archivist.js';
import { Cleaner } from '../../../src/pool/cleaner.js';
import { toEntry } from '../../../src/pool/converter-entry.js';
import { DoneFiles } from '../../../src/pool/done-files.js';
import { Places } from '../../../src/pool/places.js';
import type { PoolContext } from '../../../src/pool/pool-context.js';
import { RemovedFiles } from '../../../src/pool/removed-files.js';
import { Roster } from '../../../src/pool/roster.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { CSV, openLedger, sum } from '../ledger/support.js';

const tempFolder = temporaryFolders();

class Words extends ConverterBase {
  readonly name = CSV.name;
  readonly supportedExtensions = ['.csv'];
  convert() {
    return {};
  }
}

const nothing = (): void => undefined;

/** A file that was converted, its row claimed, and a cleaner; events are noted by name. */
async function setUp() {
  const folder = await tempFolder();
  const root = join(folder, 'watch');
  await mkdir(root);
  const path = join(root, 'a.csv');
  await writeFile(path, 'a');
  const identity = identityOf(await stat(path));
  const clock = new ManualClock();
  const ledger = await openLedger(join(folder, 'state'), clock);
  const record = await ledger.claim(ledger.seen(root, 'a.csv', identity), CSV, {
    ...identity,
    sha256: sum(1),
    occurrence: 0,
  });
  const entry = toEntry(
    { converter: new Words(), watchFolder: root },
    { path: 'converters[0]', problems: [], dataDir: folder },
  );
  if (!entry) throw new Error('the options are refused');
  const events: string[] = [];
  const context = {
    fs: nodeFileSystem,
    clock,
    ledger,
    roster: new Roster(),
    signal: new AbortController().signal,
    notify: (event: string, payload: { error?: Error }) =>
      events.push((event === 'error' ? payload.error?.message : undefined) ?? event),
  } as unknown as PoolContext;
  const places = new Places({ fs: nodeFileSystem, clock, probeIntervalMs: 1, onAway: nothing, onBack: nothing });
  const archivist = { has: async () => false } as unknown as Archivist;
  const removed = new RemovedFiles(context, nothing);
  const parts = { rows: new KeyedLock(), doneFiles: new DoneFiles(nodeFileSystem), archivist, removed };
  let done = 0;
  const cleaner = new Cleaner(context, places, parts, () => {
    done += 1;
  });
  const file = activeFile(record, [entry], 'c', path, clock);
  return { folder, ledger, file, cleaner, events, done: () => done };
}

describe('two cleanings of one row, as when recovery and a settlement go on with it at the same time', () => {
  it('complete it once, and the second has nothing to say', async () => {
    const { folder, ledger, file, cleaner, events, done } = await setUp();
    file.record = await ledger.delivered(file.record, ['1'], 'move');
    await Promise.all([cleaner.clean(file, { again: true }), cleaner.clean(file, { again: true })]);
    expect(events).toEqual(['cleaned', 'completed']);
    expect(done()).toBe(1);
    expect(await readdir(join(folder, 'Done'))).toEqual(['a.csv']);
  });

  it('tell once of a failure', async () => {
    const { ledger, file, cleaner, events, done } = await setUp();
    file.record = await ledger.failed(file.record, { reason: 'no', code: 'CONVERTER_ERROR', cleanup: 'error' });
    await Promise.all([cleaner.clean(file, { again: true }), cleaner.clean(file, { again: true })]);
    expect(events).toEqual(['cleaned', 'failed']);
    expect(done()).toBe(1);
  });
});
