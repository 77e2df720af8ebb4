/** Which of several converters takes a source: each is asked, the surest has it. */
import { ConverterError, MillraceError, toError } from '../errors.js';
import type { ValidationResult } from './converter-base.js';
import { type ConversionJob, isVoid, runValidation } from './run-conversion.js';
import { confidenceOf, type Refusal, refusalOf } from './verdict.js';

/** What came of asking. */
export type Choice =
  /** The converter at this place has it. */
  | { kind: 'chosen'; index: number; confidence: number }
  /** The converter at this place will have it, or may: the source is not complete. */
  | { kind: 'later'; index: number; refusal: Refusal }
  /** It is nobody's; the reason names every converter. */
  | { kind: 'rejected'; reason: string }
  /** It is nobody's, and of one or more that could not say nobody knows. */
  | { kind: 'failed'; error: Error };

interface Answer {
  index: number;
  job: ConversionJob;
  /** Nothing when it threw. */
  validation?: ValidationResult;
  error?: Error;
}

/**
 * Asks all of them at once. The surest has it, among equally sure ones the first; when the surest says that the source is
 * not complete, it is waited for. One whose `validate` throws cannot have it.
 * @param onError Is told of each that threw, with its place.
 * @throws MillraceError `POOL_STOPPING` and `SOURCE_CHANGED`: asking was void.
 */
export async function choose(
  jobs: readonly ConversionJob[],
  onError: (error: Error, index: number) => void,
): Promise<Choice> {
  const answers = await Promise.all(jobs.map(ask));
  for (const { error, index } of answers) if (error) onError(error, index);
  const best = surest(answers);
  if (best) {
    const { index, validation, job } = best;
    const refusal = refusalOf(validation, job.rejectThreshold);
    return refusal
      ? { kind: 'later', index, refusal }
      : { kind: 'chosen', index, confidence: confidenceOf(validation) };
  }
  for (const { index, job, validation } of answers) {
    const refusal = validation && refusalOf(validation, job.rejectThreshold);
    if (refusal?.later) return { kind: 'later', index, refusal };
  }
  const reason = `no converter of this folder takes it: ${answers.map(why).join('; ')}`;
  const failure = answers.find(answer => answer.error)?.error;
  if (!failure) return { kind: 'rejected', reason };
  const code = failure instanceof MillraceError ? failure.code : undefined;
  return { kind: 'failed', error: new ConverterError(reason, { cause: failure }, code) };
}

async function ask(job: ConversionJob, index: number): Promise<Answer> {
  try {
    return { index, job, validation: await runValidation(job) };
  } catch (thrown) {
    if (isVoid(thrown)) throw thrown;
    return { index, job, error: toError(thrown) };
  }
}

/** The first of those that are the surest, of all that can convert it. */
function surest(answers: readonly Answer[]): (Answer & { validation: ValidationResult }) | undefined {
  let best: (Answer & { validation: ValidationResult }) | undefined;
  for (const { validation, ...answer } of answers) {
    if (!validation?.canConvert || confidenceOf(validation) < answer.job.rejectThreshold) continue;
    if (!best || confidenceOf(validation) > confidenceOf(best.validation)) best = { ...answer, validation };
  }
  return best;
}

function why({ job, validation, error }: Answer): string {
  const reason = error?.message ?? (validation && refusalOf(validation, job.rejectThreshold)?.reason) ?? '';
  return `'${job.converter.name}': ${reason}`;
}
