import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayPurge, type PurgeReason } from '../../../../src/archive/retention/may-purge.js';
import { entry, NOW } from './support.js';

const reasons: PurgeReason[] = ['retention_days', 'max_size_gb', 'min_free_bytes', 'manual'];
const anyEntry = fc.record({
  row: fc.nat(),
  archiveId: fc.string(),
  converterName: fc.string(),
  archivedAt: fc.integer({ min: 0, max: 2 * NOW }),
  bytes: fc.nat(),
  status: fc.constantFrom(null, 'success', 'failed', 'skipped', 'rejected', 'suspended', 'processing', 'unheard of'),
  deliveredAt: fc.option(fc.integer({ min: 0, max: 2 * NOW })),
  pinned: fc.boolean(),
  held: fc.boolean(),
});
const anyFacts = fc.record({
  reason: fc.constantFrom(...reasons),
  expired: fc.boolean(),
  inUse: fc.boolean(),
});

describe('what may be purged', () => {
  it('never takes what is not delivered, pinned, held or in use, whichever rule asks', () => {
    fc.assert(
      fc.property(anyEntry, anyFacts, (one, facts) => {
        if (!mayPurge(one, facts).allowed) return;
        expect(one.pinned || one.held || facts.inUse).toBe(false);
        const nothingToDeliver = ['failed', 'skipped', 'rejected'].includes(one.status ?? '');
        expect(one.deliveredAt !== null || (nothingToDeliver && facts.expired)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes everything else: no entry is kept for a reason that is none', () => {
    fc.assert(
      fc.property(anyEntry, anyFacts, (one, facts) => {
        const free = { ...one, pinned: false, held: false, deliveredAt: one.deliveredAt ?? 0 };
        expect(mayPurge(free, { ...facts, inUse: false })).toEqual({ allowed: true });
      }),
    );
  });

  it.each([
    [{ deliveredAt: null }, { expired: true }, 'undelivered'],
    [{ deliveredAt: null, status: null }, { expired: true }, 'undelivered'],
    [{ deliveredAt: null, status: 'suspended' }, { expired: true }, 'undelivered'],
    [{ deliveredAt: null, status: 'failed' }, { expired: false, reason: 'max_size_gb' }, 'too_young'],
    [{ deliveredAt: null, status: 'failed' }, { expired: false, reason: 'min_free_bytes' }, 'too_young'],
    [{ pinned: true }, { expired: true }, 'pinned'],
    [{ held: true, pinned: true }, { expired: true }, 'held'],
    [{}, { expired: true, inUse: true }, 'in_use'],
  ] as const)('spares %j with %j: %s', (fields, facts, because) => {
    const verdict = mayPurge(entry({ archiveId: 'a', ...fields }), {
      reason: 'retention_days',
      inUse: false,
      ...facts,
    });
    expect(verdict).toEqual({ allowed: false, because });
  });

  it.each(['failed', 'skipped', 'rejected'])(
    'takes what was %s once it is expired, for there is nothing to deliver',
    status => {
      const facts = { reason: 'retention_days', expired: true, inUse: false } as const;
      expect(mayPurge(entry({ archiveId: 'a', status, deliveredAt: null }), facts)).toEqual({ allowed: true });
    },
  );
});
