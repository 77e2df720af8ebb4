/** What an archive is told of a file, from what the ledger and the converter say of it. */
import type { ConversionFacts } from '../archive/index.js';
import type { ConverterResult } from '../converters/converter-result.js';
import type { FileRecord } from '../ledger/file-record.js';

/** What the archive says of a file in this state; nothing while it has no end. */
export function statusOf({ state, code }: FileRecord): ConversionFacts['status'] {
  switch (state) {
    case 'delivering':
    case 'cleaning':
    case 'completed':
      return 'success';
    case 'failed':
      return code === 'REJECTED' ? 'rejected' : 'failed';
    case 'skipped':
      return 'skipped';
    default:
      return undefined;
  }
}

/** What the server called the reports. */
export function serverFacts(serverIds: readonly (string | null)[]): Pick<ConversionFacts, 'reportId'> {
  const ids = serverIds.filter(id => id !== null);
  return ids.length === 0 ? {} : { reportId: ids };
}

/** Serial and part number: what the converter says, else what the first report has under the usual names. */
export function unitFacts({
  reports,
  metadata,
}: ConverterResult): Pick<ConversionFacts, 'serialNumber' | 'partNumber'> {
  const [report] = reports;
  const found = { ...(typeof report === 'object' ? report : {}), ...metadata } as Record<string, unknown>;
  const serialNumber = textOf(metadata.serialNumber ?? found.serialNumber ?? found.sn);
  const partNumber = textOf(metadata.partNumber ?? found.partNumber ?? found.pn);
  return { ...(serialNumber ? { serialNumber } : {}), ...(partNumber ? { partNumber } : {}) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
