/** What a conversion came to, on its way from a worker. */
import { ConverterResult } from '../converter-result.js';
import { type PackedError, packError, unpackError } from './packed-error.js';

/** Plain data. The reports are what their JSON says: what a server would be sent, whatever objects they were. */
export interface PackedResult extends Omit<ConverterResult, 'error'> {
  error: PackedError | undefined;
}

/** @throws TypeError When a report has no JSON, because it has itself in it, for example. */
export function packResult(result: ConverterResult): PackedResult {
  const { status, reason, retryAfterMs, warnings, postProcess } = result;
  return {
    status,
    reports: plain(result.reports),
    error: result.error && packError(result.error),
    reason,
    retryAfterMs,
    warnings: plain(warnings),
    metadata: plain(result.metadata),
    postProcess,
  };
}

export function unpackResult(packed: PackedResult): ConverterResult {
  const { status, reports, error, retryAfterMs, warnings, metadata, postProcess } = packed;
  const reason = packed.reason ?? '';
  switch (status) {
    case 'success':
      return ConverterResult.success(reports, { warnings, metadata, ...(postProcess ? { postProcess } : {}) });
    case 'failed':
      return ConverterResult.failed(error ? unpackError(error) : new Error('it failed without an error'));
    case 'suspended':
      return ConverterResult.suspended(reason, retryAfterMs === undefined ? {} : { retryAfterMs });
    case 'skipped':
      return ConverterResult.skipped(reason);
    case 'rejected':
      return ConverterResult.rejected(reason);
  }
}

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
