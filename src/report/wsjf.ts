/** The types of a WSJF report. Field names are those of the format; servers write `null` for what is not there. */
import type { ReportResult } from './status.js';
import type { WsjfAttachment, WsjfStep } from './wsjf-step.js';

/** A fact that the format has no field for. */
export interface WsjfMiscInfo {
  /** 1 to 100 characters. */
  description: string;
  /** Up to 100 characters. */
  text?: string | null;
  numeric?: number | null;
  numericFormat?: string | null;
  typedef?: string | null;
  id?: string | null;
}

/** A piece of equipment that the test used. */
export interface WsjfAsset {
  sn: string;
  usageCount?: number | null;
  assetType?: string | null;
  partNumber?: string | null;
  calibrationDate?: string | null;
  calibrationDue?: string | null;
}

/** A part of the unit. */
export interface WsjfSubUnit {
  /** Up to 50 characters. */
  partType?: string | null;
  pn: string;
  sn: string;
  rev?: string | null;
  position?: number | null;
  idx?: number | null;
}

/** What was found to be broken in a unit. */
export interface WsjfFailure {
  category: string;
  code: string;
  comment?: string | null;
  /** The component, such as `U1`. */
  comRef?: string | null;
  funcBlock?: string | null;
  /** The id of the step of the test report that found it. */
  refStepId?: number | null;
  /** Written by servers. */
  refStepName?: string | null;
  artNumber?: string | null;
  artRev?: string | null;
  artVendor?: string | null;
  artDescription?: string | null;
}

/** A part of a repaired unit. The one with `idx` 0 is the unit itself. */
export interface WsjfRepairedUnit extends WsjfSubUnit {
  idx: number;
  parentIdx?: number | null;
  replacedIdx?: number | null;
  failures?: WsjfFailure[] | null;
}

/** What is particular to a test. */
export interface WsjfUut {
  user?: string | null;
  comment?: string | null;
  /** Duration in seconds. */
  execTime?: number | null;
  execTimeFormat?: string | null;
  fixtureId?: string | null;
  testSocketIndex?: number | null;
  testSocketIndexFormat?: string | null;
  errorCode?: number | null;
  errorCodeFormat?: string | null;
  errorMessage?: string | null;
  batchSN?: string | null;
  batchFailCount?: number | null;
  batchFailCountFormat?: string | null;
  batchLoopIndex?: number | null;
  batchLoopIndexFormat?: string | null;
  stepIdCausedUUTFailure?: number | null;
}

/** What is particular to a repair. */
export interface WsjfUur {
  user?: string | null;
  comment?: string | null;
  /** Duration in seconds. */
  execTime?: number | null;
  /** The operation of the test that failed; the report's own `processCode` is that of the repair. */
  processCode: number;
  /** Written by servers. */
  processName?: string | null;
  /** The id of the report of the test that failed. */
  refUUT?: string | null;
  confirmDate?: string | null;
  finalizeDate?: string | null;
  active?: boolean | null;
}

/** What every report holds. */
export interface WsjfHeader {
  /** A UUID. Without one, submitters make it from the idempotency key, so that sending twice counts once. */
  id?: string | null;
  /** Part number, 1 to 100 characters. Servers search with `* % ? [ ] ^ ! / \`: better not used here and in `sn`. */
  pn: string;
  /** Serial number, 1 to 100 characters. */
  sn: string;
  /** Revision, 1 to 100 characters. */
  rev: string;
  /** The operation; it must exist on the server. */
  processCode: number;
  processName?: string | null;
  /** 1 to 100 characters. */
  machineName: string;
  /** 1 to 100 characters. */
  location: string;
  /** 1 to 100 characters. */
  purpose: string;
  additionalData?: unknown[] | null;
}

interface WsjfReportBase extends WsjfHeader {
  result: ReportResult;
  /** ISO 8601 with its offset. */
  start: string;
  /** ISO 8601, ending in `Z`. */
  startUTC?: string | null;
  miscInfos?: WsjfMiscInfo[] | null;
  assets?: WsjfAsset[] | null;
}

/** The report of a test. */
export interface WsjfUutReport extends WsjfReportBase {
  type: 'T';
  root: WsjfStep;
  uut: WsjfUut;
  subUnits?: WsjfSubUnit[] | null;
}

/** The report of a repair. */
export interface WsjfUurReport extends WsjfReportBase {
  type: 'R';
  uur: WsjfUur;
  subUnits: WsjfRepairedUnit[];
  binaryData?: WsjfAttachment[] | null;
}

/** A report as it is sent. */
export type WsjfReport = WsjfUutReport | WsjfUurReport;
