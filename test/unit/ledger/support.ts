/** A ledger in a folder of its own, and the short ways through it that its tests share. */
import { onTestFinished } from 'vitest';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import type { FileRecord } from '../../../src/ledger/file-record.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

export const CSV = { name: 'csv', version: '1.0.0', parameters: 'p' };
const IDENTITY = { size: 1, mtimeMs: 1_000.5, ino: 7 };

/** 64 hex digits that begin with a number. */
export const sum = (number: number): string => number.toString(16).padStart(8, '0').padEnd(64, 'ab');

export async function openLedger(directory: string, clock = new ManualClock()): Promise<Ledger> {
  const ledger = new Ledger({ directory, fs: nodeFileSystem, clock, logger: silentLogger }, error => {
    throw error;
  });
  await ledger.open();
  onTestFinished(() => ledger.close());
  return ledger;
}

/** A file that was seen and claimed. */
export async function claimed(ledger: Ledger, path: string, content: number, root = '/w'): Promise<FileRecord> {
  const record = ledger.seen(root, path, IDENTITY);
  return ledger.claim(record, CSV, { ...IDENTITY, sha256: sum(content), occurrence: 0 });
}

/** A file that was delivered with this many reports, and cleaned up. */
export async function completed(
  ledger: Ledger,
  path: string,
  content: number,
  options: { reports?: number; kept?: boolean; root?: string } = {},
): Promise<FileRecord> {
  const { reports = 1, kept = false, root = '/w' } = options;
  const record = await claimed(ledger, path, content, root);
  const delivered = await ledger.delivered(record, Array(reports).fill('id'), kept ? 'keep' : 'move');
  return ledger.completed(delivered, kept ? null : `/done/${path}`, kept);
}
