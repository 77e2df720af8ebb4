/** How the tests of formats run a converter. */
import { expect } from 'vitest';
import type { AnyConverter } from '../../../src/converters/run-conversion.js';
import { FileFormatError } from '../../../src/errors.js';
import type { WsjfUutReport } from '../../../src/report/index.js';
import { type RunConverterOptions, runConverter } from '../../../src/testing/index.js';

/** The fields that a report needs and that hardly any file holds. */
export const DEFAULTS = {
  pn: 'PART-1',
  rev: 'A',
  processCode: 10,
  location: 'Line 2',
  purpose: 'Production',
  start: '2026-01-30T22:01:41+01:00',
} as const;

/** The reports of a success. */
export async function reportsOf(
  converter: AnyConverter,
  text: string | Uint8Array,
  options: RunConverterOptions = {},
): Promise<WsjfUutReport[]> {
  const input = typeof text === 'string' ? { text } : text;
  const { status, error, reports } = await runConverter(converter, input, options);
  expect(error?.message).toBeUndefined();
  expect(status).toBe('success');
  return reports as WsjfUutReport[];
}

/** The `FileFormatError` of a failure. */
export async function failureOf(
  converter: AnyConverter,
  text: string | Uint8Array,
  options: RunConverterOptions = {},
): Promise<FileFormatError> {
  const input = typeof text === 'string' ? { text } : text;
  const { status, error } = await runConverter(converter, input, options);
  expect(status).toBe('failed');
  expect(error).toBeInstanceOf(FileFormatError);
  return error as FileFormatError;
}
