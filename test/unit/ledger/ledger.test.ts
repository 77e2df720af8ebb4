import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { describe, expect, it, vi } from 'vitest';
import type { FileRecord } from '../../../src/ledger/file-record.js';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { pathKey, reportId } from '../../../src/ledger/report-id.js';
import { LEDGER_SCHEMA } from '../../../src/ledger/schema.js';
import { JournaledStore } from '../../../src/store/journaled-store.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { CSV, claimed, completed, openLedger, sum } from './support.js';

const tempFolder = temporaryFolders();
const IDENTITY = { size: 1, mtimeMs: 1_000.5, ino: 7 };

describe('a row', () => {
  const steps: [name: string, step: (ledger: Ledger) => Promise<FileRecord>][] = [
    ['seen', async ledger => ledger.seen('/w', 'a.csv', IDENTITY, 2)],
    ['claimed', ledger => claimed(ledger, 'a.csv', 1)],
    ['released', async ledger => ledger.release(await claimed(ledger, 'a.csv', 1), 'busy')],
    ['uncounted', async ledger => ledger.release(await claimed(ledger, 'a.csv', 1), 'stop', { uncount: true })],
    ['delivered', async ledger => ledger.delivered(await claimed(ledger, 'a.csv', 1), ['x', null], 'move')],
    ['without reports', async ledger => ledger.delivered(await claimed(ledger, 'a.csv', 1), [], 'move')],
    [
      'undelivered',
      async ledger =>
        ledger.undelivered(
          await claimed(ledger, 'a.csv', 1),
          ['x', null],
          [{ id: 's', position: 1, state: 'refused' }],
        ),
    ],
    [
      'delivering',
      async ledger =>
        ledger.delivering(await claimed(ledger, 'a.csv', 1), [null], [{ id: 'r', position: 0 }], 'delete'),
    ],
    ['completed', ledger => completed(ledger, 'a.csv', 1, { reports: 2 })],
    ['kept', ledger => completed(ledger, 'a.csv', 1, { kept: true })],
    [
      'failed',
      async ledger =>
        ledger.failed(await claimed(ledger, 'a.csv', 1), { reason: 'no', code: 'REJECTED', cleanup: 'error' }),
    ],
    ['suspended', async ledger => ledger.suspended(await claimed(ledger, 'a.csv', 1), 'later', 5)],
  ];

  it('says after every step what was returned, in this process and in the next', async () => {
    const directory = await tempFolder();
    const ledger = await openLedger(directory);
    const expected: [string, FileRecord][] = [];
    for (const [name, step] of steps) expected.push([name, await step(ledger)]);
    // 'seen' is durable before any later change is.
    const read = (from: Ledger) =>
      Promise.all(expected.map(async ([name, { id }]) => [name, await from.get(id)] as const));
    // When it was last written is a note for people, and no part of what the pool goes by.
    const withoutNote = expected.map(([name, { updatedAt: _, ...record }]) => [name, record]);
    expect(await read(ledger)).toMatchObject(withoutNote);
    await ledger.close();
    expect(await read(await openLedger(directory))).toMatchObject(withoutNote);
  });

  it('says when it was first seen by a clock that nobody sets, which goes on over restarts and compaction', async () => {
    const directory = await tempFolder();
    const clock = new ManualClock();
    const first = await openLedger(directory, clock);
    const a = first.seen('/w', 'a.csv', IDENTITY);
    await clock.advance(1_500);
    // A station whose clock is set back, and a process whose own clock begins anew.
    clock.jump(clock.now() - 86_400_000);
    const b = await completed(first, 'b.csv', 1);
    expect((b.firstSeenMonotonicMs as number) - (a.firstSeenMonotonicMs as number)).toBe(1_500);
    expect(b.firstSeenAt).toBeLessThan(a.firstSeenAt);
    await first.close();
    const second = await openLedger(directory, new ManualClock());
    const c = await completed(second, 'c.csv', 1);
    expect(c.firstSeenMonotonicMs).toBeGreaterThanOrEqual(b.firstSeenMonotonicMs as number);
    await second.compact((await second.page({ afterId: 0, limit: 9 })).map(row => ({ ...row, reports: 1 })));
    await second.close();
    const third = await openLedger(directory, new ManualClock());
    expect(third.seen('/w', 'd.csv', IDENTITY).firstSeenMonotonicMs).toBeGreaterThanOrEqual(
      c.firstSeenMonotonicMs as number,
    );
  });

  it('keeps the key of each report for ever, and shows it to whoever reads the file with any SQLite', async () => {
    const directory = await tempFolder();
    const ledger = await openLedger(directory);
    const waiting = [0, 1].map(position => ({ id: reportId(sum(1), 'csv', position), position }));
    const row = await ledger.delivering(await claimed(ledger, 'a.csv', 1), [null, null], waiting, 'move');
    await ledger.archived(row, 'archive-1');
    const done = await ledger.completed({ ...row, archiveId: 'archive-1' }, '/done/a.csv', false);
    const unsent = await claimed(ledger, 'b.csv', 2);
    const none = await ledger.delivered(await claimed(ledger, 'c.csv', 3), [], 'move');
    const keys = waiting.map(({ id }) => id);
    expect((await ledger.get(done.id))?.idempotencyKeys).toEqual(keys);
    await ledger.close();
    const sql = await initSqlJs();
    const database = new sql.Database(await readFile(join(directory, 'ledger.db')));
    const [history] = database.exec(
      'select id, idempotency_keys, archive_id, first_seen_monotonic from file_history order by id',
    );
    database.close();
    expect(history?.values).toEqual([
      [done.id, JSON.stringify(keys), 'archive-1', done.firstSeenMonotonicMs],
      [unsent.id, '[]', null, unsent.firstSeenMonotonicMs],
      [none.id, '[]', null, none.firstSeenMonotonicMs],
    ]);
  });

  it('of a version that did not write the keys down has them all the same', async () => {
    const directory = await tempFolder();
    const [first, second] = LEDGER_SCHEMA.migrations;
    const { setMeta, addRoot, addConverter } = LEDGER_SCHEMA.statements;
    const older = new JournaledStore({
      directory,
      name: 'ledger',
      schema: {
        version: 2,
        migrations: [first, second],
        statements: {
          setMeta,
          addRoot,
          addConverter,
          old: `insert into files (id, root, path, path_key, size, mtime_ms, ino, sha256, first_seen_at, state, converter,
            reports, server_ids, updated_at) values (5, 1, 'a.csv', ?1, 1, 1, 1, unhex(?2), 9, 'completed', 1, 2, '["x",null]', 9)`,
        },
        queries: {},
      },
    });
    await older.open();
    await older.write('addRoot', [1, '/w']);
    await older.write('addConverter', [1, 'csv', '1.0.0', 'p']);
    await older.write('old', [pathKey('/w', 'a.csv'), sum(1)]);
    await older.close();
    const ledger = await openLedger(directory);
    expect((await ledger.history('/w', 'a.csv'))[0]).toMatchObject({
      id: 5,
      firstSeenMonotonicMs: null,
      idempotencyKeys: [reportId(sum(1), 'csv', 0), reportId(sum(1), 'csv', 1)],
      serverIds: ['x', null],
    });
    expect(ledger.seen('/w', 'b.csv', IDENTITY)).toMatchObject({ id: 6, firstSeenMonotonicMs: 0 });
  });

  it('keeps its meaning where the snapshot is lost: its watch folder, its converter, its correlation id', async () => {
    const directory = await tempFolder();
    const first = await openLedger(directory);
    await claimed(first, 'x.csv', 9, '/other');
    await completed(first, 'a.csv', 1);
    await first.close();
    const second = await openLedger(directory);
    await claimed(second, 'b.csv', 2);
    await second.store.checkpoint();
    const later = await claimed(second, 'c.csv', 3);
    const correlation = second.correlationId(later);
    await second.caughtUp();
    const copy = await tempFolder();
    await copyFile(join(directory, 'ledger.journal'), join(copy, 'ledger.journal'));
    const third = await openLedger(copy);
    const [row] = await third.history('/w', 'c.csv');
    expect(row).toMatchObject({ id: later.id, root: '/w', converter: 'csv', sha256: sum(3) });
    expect(third.knownRoots).toEqual(['/other', '/w']);
    expect(third.correlationId(later)).toBe(correlation);
  });

  it('keeps the ids of rows and files for ever, and gives none twice', async () => {
    const directory = await tempFolder();
    const first = await openLedger(directory);
    const a = await completed(first, 'a.csv', 1);
    const correlation = first.correlationId(a);
    await first.compact([{ id: a.id, state: 'completed', reports: 1, completedAt: null }]);
    await first.close();
    const second = await openLedger(directory);
    expect(second.correlationId(a)).toBe(correlation);
    expect(second.seen('/w', 'b.csv', IDENTITY).id).toBeGreaterThan(a.id);
  });

  it('of another folder or another ledger has another correlation id', async () => {
    const one = await openLedger(await tempFolder());
    const other = await openLedger(await tempFolder());
    expect(one.correlationId({ id: 1 })).not.toBe(other.correlationId({ id: 1 }));
  });
});

describe('looking up', () => {
  it('gives the newest generation of each path, of this root alone', async () => {
    const ledger = await openLedger(await tempFolder());
    await completed(ledger, 'a.csv', 1);
    const second = await claimed(ledger, 'a.csv', 2);
    const other = await claimed(ledger, 'a.csv', 3, '/other');
    const found = await ledger.lookup('/w', ['a.csv', 'b.csv']);
    expect([...found.keys()]).toEqual(['a.csv']);
    expect(found.get('a.csv')).toMatchObject({ id: second.id, sha256: sum(2) });
    expect((await ledger.lookup('/other', ['a.csv'])).get('a.csv')?.id).toBe(other.id);
    expect((await ledger.history('/w', 'a.csv')).map(row => row.sha256)).toEqual([sum(2), sum(1)]);
  });

  it('takes any name: quotes, brackets, every alphabet', async () => {
    const ledger = await openLedger(await tempFolder());
    const names = [`it's "a" [b].csv`, '漢字 😀.csv', 'a\\b.csv', '%_.csv', 'x/y z.csv'];
    for (const [index, name] of names.entries()) await claimed(ledger, name, index);
    expect([...(await ledger.lookup('/w', names)).keys()].sort()).toEqual([...names].sort());
  });

  it('finds what lies at a place, by whether it is completed', async () => {
    const ledger = await openLedger(await tempFolder());
    const done = await completed(ledger, 'a.csv', 1);
    const failed = await ledger.failed(await claimed(ledger, 'b.csv', 2), {
      reason: 'no',
      code: 'X',
      cleanup: 'error',
    });
    await ledger.located(failed, '/error/b.csv', false);
    expect((await ledger.atLocation('/error/b.csv'))?.id).toBe(failed.id);
    expect(await ledger.atLocation('/done/a.csv')).toBeUndefined();
    expect((await ledger.completedAtLocation('/done/a.csv'))?.id).toBe(done.id);
  });
});

describe('the same content', () => {
  it('has a twin only where its reports are delivered or on their way, by the same converter', async () => {
    const ledger = await openLedger(await tempFolder());
    const record = await claimed(ledger, 'new.csv', 1);
    const twin = () => ledger.deliveredTwin(record, sum(1), 'csv').then(row => row?.path);
    await claimed(ledger, 'processing.csv', 1);
    await ledger.failed(await claimed(ledger, 'failed.csv', 1), { reason: 'no', code: 'X', cleanup: null });
    await ledger.skipped(await claimed(ledger, 'skipped.csv', 1), { reason: 'no', cleanup: null });
    await completed(ledger, 'empty.csv', 1, { reports: 0 });
    await completed(ledger, 'other.csv', 2);
    expect(await twin()).toBeUndefined();
    await ledger.delivering(await claimed(ledger, 'waiting.csv', 1), [null], [{ id: 'r', position: 0 }], 'move');
    expect(await twin()).toBe('waiting.csv');
    expect(await ledger.deliveredTwin(record, sum(1), 'xml')).toBeUndefined();
  });

  it('is found after a restart among many files, and content that is new is not asked for', async () => {
    const folder = await tempFolder();
    const before = await openLedger(folder);
    // More than one page of what is read at the start.
    await Promise.all(Array.from({ length: 4_500 }, (_, n) => completed(before, `${n}.csv`, 17 * n)));
    await before.close();

    const ledger = await openLedger(folder);
    const record = await claimed(ledger, 'new.csv', 1);
    for (const n of [0, 3_999, 4_000, 4_499]) {
      expect((await ledger.deliveredTwin(record, sum(17 * n), 'csv'))?.path).toBe(`${n}.csv`);
      expect(await ledger.occurrences(record, sum(17 * n), 'csv')).toBe(1);
    }
    const asked = vi.spyOn(ledger.store, 'query');
    const another = sum(0xfedcba98);
    await vi.waitFor(async () => {
      asked.mockClear();
      expect(await ledger.deliveredTwin(record, another, 'csv')).toBeUndefined();
      expect(await ledger.occurrences(record, another, 'csv')).toBe(0);
      expect(asked).not.toHaveBeenCalled();
    });
    expect((await ledger.deliveredTwin(record, sum(17 * 4_499), 'csv'))?.path).toBe('4499.csv');
  });

  it('is told from other content whose checksum begins alike', async () => {
    const ledger = await openLedger(await tempFolder());
    const record = await claimed(ledger, 'a.csv', 1);
    await completed(ledger, 'b.csv', 1);
    const almost = `${sum(1).slice(0, 63)}0`;
    expect(await ledger.deliveredTwin(record, almost, 'csv')).toBeUndefined();
  });
});

describe('the reports of a file', () => {
  it('are known while they wait, and forgotten when the file is completed', async () => {
    const ledger = await openLedger(await tempFolder());
    const waiting = [
      { id: 'r0', position: 0 },
      { id: 'r1', position: 1 },
    ];
    const record = await ledger.delivering(await claimed(ledger, 'a.csv', 1), [null, null], waiting, 'move');
    expect((await ledger.fileOfReport('r1'))?.id).toBe(record.id);
    expect((await ledger.waitingReports('')).map(row => row.id)).toEqual(['r0', 'r1']);
    const settled = await ledger.reportSettled(record, 'r0', 'delivered', ['server', null]);
    expect((await ledger.waitingReports('')).map(row => row.id)).toEqual(['r1']);
    expect(await ledger.reportsOf(record)).toMatchObject([{ state: 'delivered' }, { state: 'queued' }]);
    expect((await ledger.get(record.id))?.serverIds).toEqual(['server', null]);
    await ledger.completed(settled, null, false);
    expect(await ledger.fileOfReport('r1')).toBeUndefined();
    expect(await ledger.reportsOf(record)).toEqual([]);
  });
});

describe('the reports of a file that was refused and is tried again', () => {
  it('are those that wait now: one that was not sent the first time and was delivered the second holds nobody up', async () => {
    const ledger = await openLedger(await tempFolder());
    const states = ['delivered', 'refused', 'unsent'] as const;
    const first = await ledger.undelivered(
      await claimed(ledger, 'a.csv', 1),
      ['s0', null, null],
      states.map((state, position) => ({ id: `r${position}`, position, state })),
    );
    const failed = await ledger.failed(first, { reason: 'no', code: 'X', cleanup: null });
    const again = await ledger.claim(await ledger.retaken(failed, false), CSV, { ...failed, sha256: sum(1) });
    await ledger.delivering(again, ['s0', null, 's2'], [{ id: 'r1', position: 1 }], 'move');
    expect(await ledger.reportsOf(again)).toEqual([{ id: 'r1', position: 1, state: 'queued' }]);
  });
});

describe('pages', () => {
  it('go through all rows once, by state and converter', async () => {
    const ledger = await openLedger(await tempFolder());
    for (let index = 0; index < 25; index++) {
      const record = await claimed(ledger, `${index}.csv`, index);
      if (index % 5 === 0) await ledger.failed(record, { reason: 'no', code: 'X', cleanup: null });
    }
    const read = async (filter: { state?: 'failed'; converterName?: string }): Promise<string[]> => {
      const paths: string[] = [];
      for (let afterId = 0; ; ) {
        const page = await ledger.page({ ...filter, afterId, limit: 4 });
        paths.push(...page.map(row => row.path));
        if (page.length < 4) return paths;
        afterId = page.at(-1)?.id ?? 0;
      }
    };
    expect(await read({})).toEqual(Array.from({ length: 25 }, (_, index) => `${index}.csv`));
    expect(await read({ state: 'failed' })).toEqual(['0.csv', '5.csv', '10.csv', '15.csv', '20.csv']);
    expect(await read({ converterName: 'xml' })).toEqual([]);
  });
});

describe('failed files', () => {
  it('are outdated when the version or the arguments of their converter have changed', async () => {
    const ledger = await openLedger(await tempFolder());
    const failed = await ledger.failed(await claimed(ledger, 'a.csv', 1), { reason: 'no', code: 'X', cleanup: null });
    expect(await ledger.outdated(CSV, 0)).toEqual([]);
    expect((await ledger.outdated({ ...CSV, version: '1.0.1' }, 0)).map(row => row.id)).toEqual([failed.id]);
    expect((await ledger.outdated({ ...CSV, parameters: 'q' }, 0)).map(row => row.id)).toEqual([failed.id]);
    expect(await ledger.outdated({ ...CSV, name: 'xml', version: '2' }, 0)).toEqual([]);
    expect(await ledger.retaken(failed, false)).toMatchObject({ state: 'discovered', attempts: 0, reason: null });
    expect(await ledger.outdated({ ...CSV, version: '1.0.1' }, 0)).toEqual([]);
  });
});
