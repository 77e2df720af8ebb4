import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.js';
import type { PoolContext } from '../../../src/pool/pool-context.js';
import { Recovery } from '../../../src/pool/recovery.js';
import { Roster } from '../../../src/pool/roster.js';
import type { Settlement } from '../../../src/pool/settlement.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { claimed, openLedger } from '../ledger/support.js';

const tempFolder = temporaryFolders();

/** A file whose two reports wait by the books, and a queue that has neither; `before` happens once the books were asked which wait. */
async function reconciled(before: (ledger: Ledger, id: string) => Promise<unknown>): Promise<number[]> {
  const ledger = await openLedger(await tempFolder());
  const file = await claimed(ledger, 'a.csv', 1);
  const waiting = ['r1', 'r2'].map((id, position) => ({ id, position }));
  const record = await ledger.delivering(file, [null, null], waiting, 'move');
  await ledger.cleaned(record, '/done/a.csv', false);
  const taken: number[] = [];
  const asked = new Proxy(ledger, {
    get: (target, name) => {
      if (name === 'get') {
        return async (id: number) => {
          await before(ledger, 'r1');
          return ledger.get(id);
        };
      }
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const context = {
    ledger: asked,
    roster: new Roster(),
    pending: { loaded: true, find: (id: string) => (id === 'r2' ? { state: 'queued' } : undefined) },
    signal: new AbortController().signal,
  } as unknown as PoolContext;
  const recovery = new Recovery(context, {} as ConstructorParameters<typeof Recovery>[1], { ready: () => undefined });
  recovery.retake = async ({ id }) => taken.push(id) > 0;
  await recovery.reconcile({} as Settlement);
  return taken;
}

describe('a report that the queue does not have', () => {
  it('is made again where the books still wait for it', async () => {
    expect(await reconciled(async () => undefined)).toHaveLength(1);
  });

  it('is not where it was delivered since the books were asked, though another of its file waits', async () => {
    const settle = async (ledger: Ledger, id: string): Promise<void> => {
      const file = await ledger.fileOfReport(id);
      if (file) await ledger.reportSettled(file, id, 'delivered', ['s1', null]);
    };
    expect(await reconciled(settle)).toEqual([]);
  });
});
