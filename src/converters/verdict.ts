/** What `validate` says, weighed: whether a conversion may begin. */
import type { ValidationResult } from './converter-base.js';
import { ConverterResult } from './converter-result.js';

/** Why a conversion does not begin. */
export interface Refusal {
  /** It may begin later: the source is not complete. */
  later: boolean;
  reason: string;
  retryAfterMs?: number;
}

/** Why a converter does not take a source (now), or nothing when it does. @param rejectThreshold From 0 to 1. */
export function refusalOf(validation: ValidationResult, rejectThreshold: number): Refusal | undefined {
  const { canConvert, ready = true, retryAfterMs, message } = validation;
  if (!ready) {
    const reason = message ?? 'the source is not complete yet';
    return { later: true, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (!canConvert) return { later: false, reason: message ?? 'the converter cannot convert this source' };
  const confidence = confidenceOf(validation);
  if (confidence >= rejectThreshold) return undefined;
  const why = message ? `: ${message}` : '';
  return { later: false, reason: `confidence ${confidence} is below the threshold of ${rejectThreshold}${why}` };
}

/** How sure a converter is, from 0 to 1. */
export function confidenceOf({ confidence = 1 }: ValidationResult): number {
  // What is no number is no confidence, and must not win over one that is.
  return Number.isNaN(confidence) ? 0 : confidence;
}

/** The refusal as the end of a conversion. */
export function refused({ later, reason, retryAfterMs }: Refusal): ConverterResult<never> {
  if (!later) return ConverterResult.rejected(reason);
  return ConverterResult.suspended(reason, retryAfterMs === undefined ? {} : { retryAfterMs });
}
