/** Builds the report of a repair. */
import { FileFormatError } from '../errors.js';
import { type AttachmentOptions, toAttachment } from './attachment.js';
import { ReportBuilder, type ReportOptions, reportFields } from './report-builder.js';
import { localTime } from './start-time.js';
import type { WsjfFailure, WsjfRepairedUnit, WsjfSubUnit, WsjfUur, WsjfUurReport } from './wsjf.js';

/** Options of {@link UurReport}. `result` is `P` unless it is given. */
export interface UurReportOptions extends ReportOptions {
  /** The operation of the repair (500 and up); that of the test which failed is `uur.processCode`. */
  processCode: number;
  /** What is particular to the repair. */
  uur: Omit<WsjfUur, 'confirmDate' | 'finalizeDate'> & { confirmDate?: Date | string; finalizeDate?: Date | string };
  /** What the unit is, up to 50 characters. Default `Unknown`. */
  partType?: string;
}

/**
 * The report of a repair of a unit. The unit itself is its sub-unit 0.
 *
 * ```ts
 * const report = new UurReport({
 *   pn: 'PART-1', sn: 'S1', rev: 'A', processCode: 500,
 *   machineName: 'REPAIR-1', location: 'Line 2', purpose: 'Repair', start: new Date(startedMs),
 *   uur: { processCode: 10, refUUT: '873d67f8-7669-4f4b-a627-e598e444d323', user: 'mo' },
 * });
 * report.addFailure({ category: 'Component', code: 'Burned', comRef: 'U1' });
 * return report.toWsjf();
 * ```
 */
export class UurReport extends ReportBuilder<WsjfUurReport> {
  /**
   * @param from Options of a new report, or a valid WSJF report to go on with, which is changed; see {@link parseWsjf}.
   * @throws FileFormatError when a time or `result` cannot be read.
   */
  constructor(from: UurReportOptions | WsjfUurReport) {
    super('type' in from ? from : newReport(from));
  }

  /**
   * Adds a part of the unit, or of another part.
   * @param parentIdx The `idx` of what it is a part of. Default 0: the unit itself.
   * @returns Its `idx`, for {@link UurReport.addFailure}.
   */
  addSubUnit(subUnit: Omit<WsjfSubUnit, 'idx'>, parentIdx = 0): number {
    const idx = Math.max(...this.report.subUnits.map(unit => unit.idx)) + 1;
    this.report.subUnits.push({ ...subUnit, partType: subUnit.partType ?? 'Unknown', idx, parentIdx });
    return idx;
  }

  /**
   * Adds what was found to be broken.
   * @param idx The sub-unit in which it was found. Default 0: the unit itself.
   * @throws FileFormatError when there is no such sub-unit.
   */
  addFailure(failure: WsjfFailure, idx = 0): this {
    const unit = this.report.subUnits.find(one => one.idx === idx);
    if (!unit) throw new FileFormatError(`There is no sub-unit with idx ${idx} to add failure '${failure.code}' to`);
    unit.failures = [...(unit.failures ?? []), { ...failure }];
    return this;
  }

  /** Adds a file. */
  addAttachment(options: AttachmentOptions): this {
    this.report.binaryData = [...(this.report.binaryData ?? []), toAttachment(options)];
    return this;
  }
}

function newReport(options: UurReportOptions): WsjfUurReport {
  const { pn, sn, rev, partType = 'Unknown' } = options;
  const { confirmDate, finalizeDate, ...uur } = options.uur;
  const unit: WsjfRepairedUnit = { partType, pn, rev, sn, idx: 0, failures: [] };
  return {
    ...reportFields('R', options),
    uur: {
      ...uur,
      ...(confirmDate === undefined ? {} : { confirmDate: localTime(confirmDate) }),
      ...(finalizeDate === undefined ? {} : { finalizeDate: localTime(finalizeDate) }),
    },
    subUnits: [unit],
  };
}
