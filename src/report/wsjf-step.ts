/** The types of a WSJF step. Field names are those of the format; servers write `null` for what is not there. */
import type { WsjfNumber } from './number-words.js';
import type { StepStatus } from './status.js';

/** A numeric measurement. See {@link evaluateLimit} for the operators. */
export interface WsjfNumericMeasurement {
  /** Needed where a step has several. */
  name?: string | null;
  value: WsjfNumber;
  unit?: string | null;
  compOp: string;
  lowLimit?: WsjfNumber | null;
  highLimit?: WsjfNumber | null;
  status: StepStatus;
  valueFormat?: string | null;
  lowLimitFormat?: string | null;
  highLimitFormat?: string | null;
}

/** A measurement that only passes or fails. */
export interface WsjfBooleanMeasurement {
  name?: string | null;
  status: StepStatus;
}

/** A measured text. See {@link evaluateString} for the operators. */
export interface WsjfStringMeasurement {
  name?: string | null;
  value: string;
  compOp: string;
  limit?: string | null;
  status: StepStatus;
}

/** One line of a chart. */
export interface WsjfChartSeries {
  dataType: string;
  name: string;
  /** Numbers joined with `;`. */
  xdata?: string | null;
  /** Numbers joined with `;`. */
  ydata?: string | null;
}

/** Scales of a chart. */
export type ChartType = 'Line' | 'LineLogXY' | 'LineLogX' | 'LineLogY';

/** A chart on a step. */
export interface WsjfChart {
  chartType: ChartType;
  label: string;
  xLabel?: string | null;
  xUnit?: string | null;
  yLabel?: string | null;
  yUnit?: string | null;
  series: WsjfChartSeries[];
}

/** A file in a report. */
export interface WsjfAttachment {
  name: string;
  contentType?: string | null;
  /** Base64. */
  data?: string | null;
  description?: string | null;
}

/** What a sequence called. */
export interface WsjfSequenceCall {
  path: string;
  name: string;
  version?: string | null;
}

/** The place of a step in a loop: counts on the loop's own row, `idx` on each iteration. */
export interface WsjfLoop {
  idx?: number | null;
  num?: number | null;
  endingIndex?: number | null;
  passed?: number | null;
  failed?: number | null;
}

/** What any step may say of itself. */
export interface WsjfStepFacts {
  name: string;
  /** Setup, main or cleanup. */
  group?: 'S' | 'M' | 'C' | null;
  errorCode?: number | null;
  errorCodeFormat?: string | null;
  errorMessage?: string | null;
  reportText?: string | null;
  /** ISO 8601 with its offset. */
  start?: string | null;
  /** Duration in seconds. */
  totTime?: number | null;
  totTimeFormat?: string | null;
  tsGuid?: string | null;
  causedSeqFailure?: boolean | null;
  causedUUTFailure?: boolean | null;
  loop?: WsjfLoop | null;
  additionalResults?: unknown[] | null;
}

/** A step of a test, with what it measured or the steps within it. */
export interface WsjfStep extends WsjfStepFacts {
  id?: number | null;
  /** Such as `ET_NLT` or `SequenceCall`. */
  stepType: string;
  status: StepStatus;
  seqCall?: WsjfSequenceCall | null;
  steps?: WsjfStep[] | null;
  numericMeas?: WsjfNumericMeasurement[] | null;
  booleanMeas?: WsjfBooleanMeasurement[] | null;
  stringMeas?: WsjfStringMeasurement[] | null;
  callExe?: { exitCode?: number | null } | null;
  messagePopup?: { response?: string | null; button?: number | null } | null;
  chart?: WsjfChart | null;
  attachment?: WsjfAttachment | null;
}
