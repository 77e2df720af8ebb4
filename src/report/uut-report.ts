/** Builds the report of a test. */
import { FileFormatError } from '../errors.js';
import type { ReportMode } from './measurements.js';
import { ReportBuilder, type ReportOptions, reportFields } from './report-builder.js';
import { Sequence, type StepTree } from './sequence.js';
import { worstStatus } from './status.js';
import type { WsjfSubUnit, WsjfUut, WsjfUutReport } from './wsjf.js';
import type { WsjfStep } from './wsjf-step.js';

/** Options of {@link UutReport}. */
export interface UutReportOptions extends ReportOptions {
  /** Who says whether measurements pass. Default `active`. In import mode `result` must be given. */
  mode?: ReportMode;
  /** User, comment, duration, fixture, error, batch. */
  uut?: WsjfUut;
  /** The main sequence. Default: both names are `MainSequence Callback`. */
  root?: { name?: string; path?: string; version?: string };
}

/**
 * The report of a test of a unit. Steps are added to its `root`.
 *
 * ```ts
 * const report = new UutReport({
 *   pn: 'PART-1', sn: 'S1', rev: 'A', processCode: 10,
 *   machineName: 'ICT-1', location: 'Line 2', purpose: 'Production', start: '2026-01-30T22:01:41+01:00',
 * }); report.root.numeric({ name: 'VCC', value: 3.31, unit: 'V', compOp: 'GELE', lowLimit: 3.2, highLimit: 3.4 });
 * return report.toWsjf();
 * ```
 */
export class UutReport extends ReportBuilder<WsjfUutReport> {
  /** The main sequence, to which steps are added. */
  readonly root: Sequence;

  /**
   * @param from Options of a new report, or a valid WSJF report to go on with in import mode, which is changed; see
   * {@link parseWsjf}.
   * @throws FileFormatError when `start` or `result` cannot be read, or `result` is missing in import mode.
   */
  constructor(from: UutReportOptions | WsjfUutReport) {
    super('type' in from ? from : newReport(from));
    const mode = 'type' in from ? 'import' : (from.mode ?? 'active');
    let lastId = highestId(this.report.root);
    const tree: StepTree = { mode, nextId: () => ++lastId };
    this.root = new Sequence(tree, this.report.root, status => {
      const worst = worstStatus([this.report.result, status]);
      if (worst !== 'P') this.report.result = worst;
    });
  }

  /** Adds a part of the unit. Its `partType` is `Unknown` unless it is given. */
  addSubUnit(subUnit: WsjfSubUnit): this {
    this.report.subUnits = [...(this.report.subUnits ?? []), { ...subUnit, partType: subUnit.partType ?? 'Unknown' }];
    return this;
  }
}

function newReport(options: UutReportOptions): WsjfUutReport {
  if (options.mode === 'import' && options.result === undefined) {
    throw new FileFormatError('The report has no result, and in import mode none is computed');
  }
  const { name = 'MainSequence Callback', path = name, version } = options.root ?? {};
  const fields = reportFields('T', options);
  const root: WsjfStep = {
    id: 1,
    group: 'M',
    stepType: 'SequenceCall',
    name,
    status: fields.result,
    seqCall: { path, name, ...(version === undefined ? {} : { version }) },
    steps: [],
  };
  return { ...fields, root, uut: { ...options.uut } };
}

function highestId(step: WsjfStep): number {
  let highest = step.id ?? 0;
  for (const child of step.steps ?? []) highest = Math.max(highest, highestId(child));
  return highest;
}
