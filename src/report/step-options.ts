/** What can be said of a step beside what it measured. */
import { type AttachmentOptions, toAttachment } from './attachment.js';
import { type ChartOptions, toChart } from './chart.js';
import { localTime } from './start-time.js';
import type { WsjfStep, WsjfStepFacts } from './wsjf-step.js';

/** Options of every step. Fields that are not described here are those of {@link WsjfStepFacts}. */
export interface StepOptions extends Omit<WsjfStepFacts, 'start'> {
  /** A status word, such as `Passed` or `E`. Default: what the measurements say. */
  status?: string;
  start?: Date | string;
  chart?: ChartOptions;
  attachment?: AttachmentOptions;
}

/**
 * The fields of a step that its options give, in the order of the format. The group is `M` (main) unless it is
 * given.
 */
export function stepFields(
  { name, group, status: _status, start, chart, attachment, ...facts }: StepOptions,
  id: number,
  stepType: string,
): Omit<WsjfStep, 'status'> {
  return {
    id,
    group: group ?? 'M',
    stepType,
    name,
    ...facts,
    ...(start === undefined ? {} : { start: localTime(start) }),
    ...(chart ? { chart: toChart(chart) } : {}),
    ...(attachment ? { attachment: toAttachment(attachment) } : {}),
  };
}
