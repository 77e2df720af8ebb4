/** The converters that may take a file, and how a file is booked that none of them took. */
import type { ConverterIdentity, FileRecord } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';
import { type ConverterEntry, checksum } from './converter-entry.js';
import type { ConverterRegistry } from './converter-registry.js';

/**
 * Whom a file is booked on whose converter is not known: any change of one that may take it, and any that is added or
 * removed, is a change of this identity, and takes a failed file up again.
 */
export function jointIdentity(candidates: readonly ConverterEntry[]): ConverterIdentity {
  const [first, ...others] = candidates.map(candidate => candidate.identity) as [
    ConverterIdentity,
    ...ConverterIdentity[],
  ];
  if (others.length === 0) return first;
  return { ...first, parameters: checksum([first, ...others].map(one => [one.name, one.version, one.parameters])) };
}

/** Whom a file is booked on: the converter that has it, or all that may take it as long as none has. */
export function bookedOn({ record, entry }: ActiveFile, registry: ConverterRegistry): ConverterIdentity {
  const candidates = registry.candidates(record);
  return record.converter === null && candidates.length > 1 ? jointIdentity(candidates) : entry.identity;
}

/** Whether a row was booked on exactly these. */
export function isBookedOn(record: FileRecord, { name, version, parameters }: ConverterIdentity): boolean {
  return record.converter === name && record.converterVersion === version && record.parameters === parameters;
}
