/** Reports of tests and repairs, as a WATS server takes them: `millrace/report`. */
export type { AttachmentOptions } from './attachment.js';
export type { ChartOptions } from './chart.js';
export { NUMERIC_OPERATORS, type NumericOperator, STRING_OPERATORS, type StringOperator } from './comp-op.js';
export {
  type CompareOptions,
  compareReports,
  type DifferenceConcern,
  type ReportDifference,
  reportComparer,
} from './compare-reports.js';
export { evaluateLimit } from './evaluate-limit.js';
export { evaluateString } from './evaluate-string.js';
export type { NumericMeasurement, PassFailMeasurement, ReportMode, StringMeasurement } from './measurements.js';
export type { WsjfNumber } from './number-words.js';
export { parseWsjf } from './parse-wsjf.js';
export { ReportBuilder, type ReportOptions } from './report-builder.js';
export type { WsjfProblem } from './rules.js';
export { type AnyStepOptions, type MultiOptions, Sequence, type SequenceOptions } from './sequence.js';
export { parseStatus, type ReportResult, type StepStatus } from './status.js';
export type { StepOptions } from './step-options.js';
export { UurReport, type UurReportOptions } from './uur-report.js';
export { UutReport, type UutReportOptions } from './uut-report.js';
export { validateWsjf } from './validate-wsjf.js';
export type * from './wsjf.js';
export type * from './wsjf-step.js';
