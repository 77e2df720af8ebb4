/** Whether the audit log is as it was written. */

import { type AuditRecord, auditHash, FIRST_HASH, parseAudit, type StoredAudit } from '../catalog/audit-chain.js';
import type { Catalog } from '../catalog/catalog.js';

/** What `verifyAuditLog()` found. */
export interface AuditLogCheck {
  /** How many records there are. */
  records: number;
  /** The hash of the last one. Kept somewhere else, it also proves that none was cut off at the end. */
  head: string;
  ok: boolean;
  /** The first record that is not what was written, or that is missing. */
  broken: { sequence: number; problem: 'changed' | 'missing'; message: string } | null;
}

/** Every record, the oldest first. */
export async function* auditRecords(catalog: Catalog): AsyncGenerator<AuditRecord> {
  for await (const stored of storedRecords(catalog)) yield parseAudit(stored);
}

/** Follows the chain, and compares its end with the copy beside the catalog. */
export async function checkAuditLog(catalog: Catalog): Promise<AuditLogCheck> {
  let head = FIRST_HASH;
  let records = 0;
  const broken = (problem: 'changed' | 'missing', message: string): AuditLogCheck => ({
    records,
    head,
    ok: false,
    broken: { sequence: records + 1, problem, message: `record ${records + 1} ${message}` },
  });
  for await (const record of storedRecords(catalog)) {
    if (record.sequence !== records + 1) return broken('missing', 'is missing');
    if (auditHash(head, record) !== record.hash) return broken('changed', 'is not what was written');
    head = record.hash;
    records += 1;
  }
  for await (const { params } of catalog.changes.read('audit')) {
    const sequence = Number(params[0]);
    if (sequence > records) return broken('missing', 'is missing: the copy in changes/audit.jsonl has it');
    if (sequence === records && params[5] !== head) {
      records -= 1;
      return broken('changed', 'is not what the copy in changes/audit.jsonl says');
    }
  }
  return { records, head, ok: true, broken: null };
}

async function* storedRecords(catalog: Catalog): AsyncGenerator<StoredAudit> {
  for (let after = 0; ; ) {
    const page = await catalog.query<StoredAudit>('audit', [after]);
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.sequence;
  }
}
