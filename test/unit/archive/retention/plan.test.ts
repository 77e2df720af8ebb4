import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PurgeReason, RetentionEntry } from '../../../../src/archive/retention/may-purge.js';
import { planByAgeAndSize, planConverters, planForSpace } from '../../../../src/archive/retention/plan.js';
import {
  type CompletePolicy,
  completePolicy,
  maxBytes,
  type RetentionPolicy,
} from '../../../../src/archive/retention/policy.js';
import { ManualClock } from '../../../../src/testing/manual-clock.js';
import { amount } from '../../../support/effort.js';
import { DAY_MS, entry, MemorySource, NOW } from './support.js';

const GIB = 1024 ** 3;
/** A size limit in bytes. */
const bytes = (limit: number) => ({ maxSizeGb: limit / GIB });

interface Given {
  entries: readonly RetentionEntry[];
  policies: readonly RetentionPolicy[];
  free?: number;
  agePaused?: boolean;
  used?: readonly string[];
}

/** What the planner removes, by reason; with `carryOut`, each entry is removed before the walk goes on. */
async function planned(
  { entries, policies, free = Number.MAX_SAFE_INTEGER, ...given }: Given,
  chunk = 7,
  carryOut = false,
  now = NOW,
) {
  const source = new MemorySource(entries);
  for (const id of given.used ?? []) source.used.add(id);
  const byName = new Map(policies.map(policy => [policy.converterName ?? '*', completePolicy(policy)]));
  const off = completePolicy({ converterName: '*', enabled: false });
  const options = { now, agePaused: given.agePaused ?? false, chunk };
  const plans = await planConverters(source, name => byName.get(name) ?? off, options);
  const removed: Record<string, PurgeReason> = {};
  const spared: Record<string, string> = {};
  let projected = free;
  const note = (piece: {
    purges: readonly { entry: RetentionEntry; reason: PurgeReason }[];
    spared: readonly { archiveId: string; because: string }[];
  }) => {
    for (const one of piece.purges) {
      expect(removed).not.toHaveProperty(one.entry.archiveId);
      removed[one.entry.archiveId] = one.reason;
      projected += one.entry.bytes;
    }
    for (const one of piece.spared) spared[one.archiveId] = one.because;
    const gone = new Set(piece.purges.map(one => one.entry.archiveId));
    if (carryOut) source.entries = source.entries.filter(one => !gone.has(one.archiveId));
  };
  for await (const piece of planByAgeAndSize(source, plans, options)) note(piece);
  for await (const piece of planForSpace(source, plans, options, projected, one => one.bytes)) note(piece);
  return { removed, spared, source };
}

/** The rules in the fewest words: what the planner does must be this. */
function model({ entries, policies, free = Number.MAX_SAFE_INTEGER, agePaused = false, used = [] }: Given) {
  const removed: Record<string, PurgeReason> = {};
  const oldest = [...entries].sort((a, b) => a.archivedAt - b.archivedAt || (a.archiveId < b.archiveId ? -1 : 1));
  const rules = new Map<string, CompletePolicy>(
    policies.filter(p => p.enabled !== false).map(p => [p.converterName ?? '*', completePolicy(p)]),
  );
  const of = (name: string) => oldest.filter(e => e.converterName === name);
  const left = (name: string) => of(name).reduce((sum, e) => sum + (removed[e.archiveId] ? 0 : e.bytes), 0);
  const remove = (e: RetentionEntry, reason: PurgeReason) => {
    const { keepLast, retentionDays } = rules.get(e.converterName) as CompletePolicy;
    const expired = !agePaused && NOW - e.archivedAt > retentionDays * DAY_MS;
    const settled = e.deliveredAt !== null || (expired && ['failed', 'skipped', 'rejected'].includes(e.status ?? ''));
    const newest = of(e.converterName).slice(-keepLast || Number.MAX_SAFE_INTEGER);
    const ok =
      settled && !e.pinned && !e.held && !used.includes(e.archiveId) && !newest.includes(e) && !removed[e.archiveId];
    if (ok && (reason !== 'retention_days' || expired)) removed[e.archiveId] = reason;
  };
  for (const e of oldest) if (rules.has(e.converterName)) remove(e, 'retention_days');
  for (const [name, rule] of rules) for (const e of of(name)) if (left(name) > maxBytes(rule)) remove(e, 'max_size_gb');
  const freed = () => oldest.reduce((sum, e) => sum + (removed[e.archiveId] ? e.bytes : 0), free);
  for (const e of oldest) if (freed() < (rules.get(e.converterName)?.minFreeBytes ?? 0)) remove(e, 'min_free_bytes');
  return removed;
}

const names = fc.constantFrom('csv', 'xml', 'log');
const anyEntries = fc.uniqueArray(
  fc.record({
    row: fc.constant(0),
    archiveId: fc.integer({ min: 0, max: 500 }).map(String),
    converterName: names,
    // Few days and few sizes, so that ties are common.
    archivedAt: fc.integer({ min: -2, max: 12 }).map(days => NOW - days * DAY_MS),
    bytes: fc.integer({ min: 0, max: 5 }),
    status: fc.constantFrom(null, 'success', 'success', 'failed', 'rejected'),
    deliveredAt: fc.constantFrom(NOW, NOW, null),
    pinned: fc.constantFrom(false, false, false, true),
    held: fc.constantFrom(false, false, false, true),
  }),
  { selector: one => one.archiveId, maxLength: 60 },
);
const anyPolicy = fc.record({
  converterName: names,
  retentionDays: fc.constantFrom(1, 2.5, 5, 8, Number.POSITIVE_INFINITY),
  maxSizeGb: fc.constantFrom(1, 10, 40, Number.MAX_SAFE_INTEGER).map(limit => limit / GIB),
  minFreeBytes: fc.constantFrom(0, 10, 30, 60),
  keepLast: fc.constantFrom(0, 0, 1, 3, 100),
  enabled: fc.constantFrom(true, true, true, false),
});
const anything = fc.record({
  entries: anyEntries,
  policies: fc.uniqueArray(anyPolicy, { selector: one => one.converterName, maxLength: 3 }),
  free: fc.integer({ min: 0, max: 60 }),
  agePaused: fc.constantFrom(false, false, true),
  used: fc.array(fc.integer({ min: 0, max: 500 }).map(String), { maxLength: 20 }),
});

describe('the plan', () => {
  it('is what the rules say, whatever the entries, the policies and the size of the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(anything, fc.integer({ min: 1, max: 20 }), async (given, chunk) => {
        expect((await planned(given, chunk)).removed).toEqual(model(given));
      }),
      { numRuns: 500 },
    );
  });

  it('is the same when it is carried out while it is made', async () => {
    await fc.assert(
      fc.asyncProperty(anything, fc.integer({ min: 1, max: 20 }), async (given, chunk) => {
        const preview = await planned(given, chunk);
        expect((await planned(given, chunk, true)).removed).toEqual(preview.removed);
      }),
      { numRuns: 300 },
    );
  });

  it('goes by age first, then by size, oldest first', async () => {
    const entries = [100, 95, 50, 40, 30].map(days =>
      entry({ archiveId: `d${days}`, archivedAt: NOW - days * DAY_MS }),
    );
    const { removed } = await planned({
      entries,
      policies: [{ converterName: 'csv', retentionDays: 90, ...bytes(2_000) }],
    });
    expect(removed).toEqual({ d100: 'retention_days', d95: 'retention_days', d50: 'max_size_gb' });
  });

  it('frees space with the oldest of all converters whose policies ask for it', async () => {
    const entries = [
      entry({ archiveId: 'a', archivedAt: NOW - 3, converterName: 'xml' }),
      entry({ archiveId: 'b', archivedAt: NOW - 2, converterName: 'csv' }),
      entry({ archiveId: 'c', archivedAt: NOW - 1, converterName: 'log' }),
      entry({ archiveId: 'd', archivedAt: NOW, converterName: 'csv' }),
    ];
    const policies = [
      { converterName: 'csv', minFreeBytes: 2_500 },
      { converterName: 'xml', minFreeBytes: 1_500 },
      { converterName: 'log', keepLast: 1 },
    ];
    expect((await planned({ entries, policies, free: 1_000 })).removed).toEqual({
      a: 'min_free_bytes',
      b: 'min_free_bytes',
    });
    expect((await planned({ entries, policies, free: 0 })).removed).toHaveProperty('d');
    expect((await planned({ entries, policies, free: 2_500 })).removed).toEqual({});
  });

  it('keeps the newest ones, whatever the rules say', async () => {
    const entries = [1, 2, 3, 4].map(days => entry({ archiveId: `d${days}`, archivedAt: NOW - days * DAY_MS }));
    const policies = [{ converterName: 'csv', retentionDays: 0.5, keepLast: 3 }];
    expect((await planned({ entries, policies })).removed).toEqual({ d4: 'retention_days' });
  });

  it('an entry that is exactly as old as it may be stays', async () => {
    const entries = [
      entry({ archiveId: 'exact', archivedAt: NOW - 90 * DAY_MS }),
      entry({ archiveId: 'older', archivedAt: NOW - 90 * DAY_MS - 1 }),
    ];
    expect((await planned({ entries, policies: [{ converterName: 'csv', retentionDays: 90 }] })).removed).toEqual({
      older: 'retention_days',
    });
  });

  it('names what it spares and why', async () => {
    const old = NOW - 100 * DAY_MS;
    const entries = [
      entry({ archiveId: 'waiting', archivedAt: old, deliveredAt: null }),
      entry({ archiveId: 'pinned', archivedAt: old, pinned: true }),
      entry({ archiveId: 'held', archivedAt: old, held: true }),
      entry({ archiveId: 'replayed', archivedAt: old }),
      entry({ archiveId: 'done', archivedAt: old }),
    ];
    const { removed, spared } = await planned({
      entries,
      policies: [{ converterName: 'csv', retentionDays: 90 }],
      used: ['replayed'],
    });
    expect(removed).toEqual({ done: 'retention_days' });
    expect(spared).toEqual({ waiting: 'undelivered', pinned: 'pinned', held: 'held', replayed: 'in_use' });
  });
});

const COUNT = amount({ quick: 5_000, usual: 10_000, soak: 1_000_000 });

it(`leaves of a year's ${COUNT.toLocaleString('en')} entries exactly what the rules say, a chunk at a time`, async () => {
  const year = 365 * DAY_MS;
  const entries = Array.from({ length: COUNT }, (_, index) => {
    const status = index % 50 === 0 ? 'failed' : 'success';
    return entry({
      archiveId: String(index).padStart(8, '0'),
      converterName: ['csv', 'xml', 'log'][index % 3] as string,
      archivedAt: NOW - year + Math.floor((index * year) / COUNT),
      bytes: 500 + ((index * 7_919) % 5_000),
      status,
      deliveredAt: status === 'failed' || index % 97 === 0 ? null : NOW,
      pinned: index % 1_009 === 0,
    });
  });
  const policies = [
    { converterName: 'csv', retentionDays: 90 },
    { converterName: 'xml', retentionDays: 300, ...bytes(COUNT * 100) },
    { converterName: 'log', retentionDays: 30, keepLast: Math.floor(COUNT / 100), minFreeBytes: COUNT * 2_580 },
  ];
  const { removed, source } = await planned({ entries, policies, free: 0 }, 500);
  const expected = fastModel(
    entries,
    policies.map(policy => completePolicy(policy)),
  );
  // Compared one by one: a difference of a million entries could not be printed.
  expect(Object.keys(removed).length).toBe(expected.size);
  expect([...expected].find(([id, reason]) => removed[id] !== reason)).toBeUndefined();
  expect(new Set(Object.values(removed)).size).toBe(3);
  expect(source.largestPage).toBe(500);
}, 300_000);

it(`is right on each day of a year in which ${COUNT.toLocaleString('en')} entries come in`, async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const policies = [
    { converterName: 'csv', retentionDays: 90 },
    { converterName: 'xml', retentionDays: 300, ...bytes(COUNT * 200) },
    { converterName: 'log', retentionDays: 30, keepLast: Math.floor(COUNT / 20) },
  ];
  const complete = policies.map(policy => completePolicy(policy));
  let living: RetentionEntry[] = [];
  let came = 0;
  for (let day = 1; day <= 365; day++) {
    for (; came < (COUNT * day) / 365; came++) {
      const delivered = came % 97 !== 0;
      living.push(
        entry({
          archiveId: String(came).padStart(8, '0'),
          converterName: ['csv', 'xml', 'log'][came % 3] as string,
          archivedAt: clock.now() + (came % 86_400) * 1_000,
          bytes: 500 + ((came * 7_919) % 5_000),
          deliveredAt: delivered ? clock.now() : null,
          pinned: came % 1_009 === 0,
        }),
      );
    }
    await clock.advance(DAY_MS);
    const { entries } = (await planned({ entries: living, policies }, 500, true, clock.now())).source;
    living.sort((a, b) => a.archivedAt - b.archivedAt || (a.archiveId < b.archiveId ? -1 : 1));
    const removed = fastModel(living, complete, clock.now());
    living = living.filter(one => !removed.has(one.archiveId));
    expect(entries.length).toBe(living.length);
    expect(entries.find((one, index) => one.archiveId !== living[index]?.archiveId)).toBeUndefined();
  }
  expect(living.length).toBeLessThan(COUNT / 2);
}, 900_000);

/** {@link model} for entries in the order of their age, with sums that are carried along: to add up anew would take hours. */
function fastModel(
  entries: readonly RetentionEntry[],
  policies: readonly CompletePolicy[],
  now = NOW,
): Map<string, PurgeReason> {
  const removed = new Map<string, PurgeReason>();
  let freed = 0;
  const remove = (e: RetentionEntry, reason: PurgeReason, old: boolean) => {
    if (e.pinned || removed.has(e.archiveId) || (e.deliveredAt === null && !(old && e.status === 'failed'))) return 0;
    removed.set(e.archiveId, reason);
    freed += e.bytes;
    return e.bytes;
  };
  const isOld = (e: RetentionEntry, policy: CompletePolicy) => e.archivedAt < now - policy.retentionDays * DAY_MS;
  const kept = new Set<RetentionEntry>();
  for (const policy of policies) {
    const all = entries.filter(e => e.converterName === policy.converterName);
    for (const e of policy.keepLast ? all.slice(-policy.keepLast) : []) kept.add(e);
    let left = all.reduce((sum, e) => sum + e.bytes, 0);
    for (const e of all) if (isOld(e, policy) && !kept.has(e)) left -= remove(e, 'retention_days', true);
    for (const e of all)
      if (left > maxBytes(policy) && !kept.has(e)) left -= remove(e, 'max_size_gb', isOld(e, policy));
  }
  const by = new Map(policies.map(policy => [policy.converterName, policy]));
  for (const e of entries) {
    const policy = by.get(e.converterName) as CompletePolicy;
    if (freed < policy.minFreeBytes && !kept.has(e)) remove(e, 'min_free_bytes', isOld(e, policy));
  }
  return removed;
}
