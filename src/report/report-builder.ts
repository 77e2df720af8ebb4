/** What the builders of test and repair reports have in common. */
import { invalidReport } from './invalid-report.js';
import { localTime, utcTime } from './start-time.js';
import { parseStatus, type ReportResult } from './status.js';
import { validateWsjf } from './validate-wsjf.js';
import type { WsjfAsset, WsjfHeader, WsjfMiscInfo, WsjfReport } from './wsjf.js';

/** What every report begins with. Fields that are not described here are those of {@link WsjfHeader}. */
export interface ReportOptions extends WsjfHeader {
  /**
   * When the test or repair began. Text with an offset is kept as it is; a `Date` and text without one get the
   * offset of this machine's time zone.
   */
  start: Date | string;
  /** A status word, such as `Passed` or `F`. */
  result?: string;
}

/** The base of the builders. */
export abstract class ReportBuilder<TReport extends WsjfReport> {
  /** The report as it stands. */
  protected readonly report: TReport;

  protected constructor(report: TReport) {
    this.report = report;
  }

  /** The result as it stands now. */
  get result(): ReportResult {
    return this.report.result;
  }

  /** Adds a fact that the format has no field for; a whole number is kept as one, any other as text. */
  addMiscInfo(description: string, value: string | number): this {
    const fact: WsjfMiscInfo = Number.isSafeInteger(value)
      ? { description, numeric: Number(value) }
      : { description, text: String(value) };
    this.report.miscInfos = [...(this.report.miscInfos ?? []), fact];
    return this;
  }

  /** Adds a piece of equipment that was used. */
  addAsset(asset: WsjfAsset): this {
    this.report.assets = [...(this.report.assets ?? []), { ...asset }];
    return this;
  }

  /**
   * The report as plain JSON, a copy of its own.
   * @throws FileFormatError which names everything that is wrong with it; see {@link validateWsjf}.
   */
  toWsjf(): TReport {
    const problems = validateWsjf(this.report);
    if (problems.length > 0) throw invalidReport('The report is not valid', problems);
    // Through JSON: fields that are undefined are gone, as they will be when it is sent.
    return JSON.parse(JSON.stringify(this.report)) as TReport;
  }

  /**
   * The report itself and no copy, for whoever has checked its steps one by one and adds nothing to it any more.
   * @internal
   */
  finish(): TReport {
    const { root } = this.report as { root?: object };
    const problems = validateWsjf(root ? { ...this.report, root: { ...root, steps: [] } } : this.report);
    if (problems.length > 0) throw invalidReport('The report is not valid', problems);
    return this.report;
  }
}

/** The fields of a report that its options give, in the order of the format. */
export function reportFields<TType extends 'T' | 'R'>(type: TType, options: ReportOptions) {
  const { id, pn, sn, rev, processCode, processName, machineName, location, purpose, start, additionalData } = options;
  return {
    type,
    ...(id ? { id } : {}),
    pn,
    sn,
    rev,
    processCode,
    ...(processName ? { processName } : {}),
    // A word that no report can have as its result (skipped) is named when the report is validated.
    result: parseStatus(options.result ?? 'P') as ReportResult,
    machineName,
    location,
    purpose,
    start: localTime(start),
    startUTC: utcTime(start),
    ...(additionalData ? { additionalData } : {}),
  };
}
