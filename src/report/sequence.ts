/** Builds the steps of a test report, sequence within sequence. */
import { FileFormatError } from '../errors.js';
import {
  booleanMeasurement,
  type NumericMeasurement,
  numericMeasurement,
  type PassFailMeasurement,
  type ReportMode,
  type StringMeasurement,
  stringMeasurement,
} from './measurements.js';
import { parseStatus, type StepStatus, worstStatus } from './status.js';
import { type StepOptions, stepFields } from './step-options.js';
import type { WsjfStep } from './wsjf-step.js';

/** A step with several measurements, each with its name. */
export interface MultiOptions<TMeasurement> extends StepOptions {
  measurements: readonly (TMeasurement & { name: string })[];
}

/** A sequence of steps. */
export interface SequenceOptions extends StepOptions {
  /** The file that the sequence is in, up to 500 characters. Default: its name. */
  path?: string;
  /** The version of that file, up to 30 characters. */
  version?: string;
}

/** A step of any kind, with the fields of the format that belong to it. */
export interface AnyStepOptions extends StepOptions, Pick<WsjfStep, 'callExe' | 'messagePopup'> {
  /** Such as `Action`, `Label`, `NI_Wait`, `MessagePopup`; servers show an icon for it. */
  stepType: string;
}

/** What the sequences of one report share. */
export interface StepTree {
  mode: ReportMode;
  nextId: () => number;
}

/**
 * A sequence, to which steps are added in the order in which they ran. Every method returns the step as it stands
 * in the report, with its `id` and `status`; {@link Sequence.sequence} returns the sequence to go on with.
 *
 * In active mode a step that fails, errs or is terminated gives its status to every sequence around it and to the
 * report, where that is worse than what they have. Methods throw `FileFormatError` when a status cannot be told.
 */
export class Sequence {
  readonly #tree: StepTree;
  readonly #step: WsjfStep;
  readonly #tellParent: (status: StepStatus) => void;

  /** @internal */
  constructor(tree: StepTree, step: WsjfStep, tellParent: (status: StepStatus) => void) {
    this.#tree = tree;
    this.#step = step;
    this.#tellParent = tellParent;
  }

  /** The status as it stands now. */
  get status(): StepStatus {
    return this.#step.status;
  }

  /**
   * The step of the sequence itself, as it stands in the report.
   * @internal
   */
  get own(): WsjfStep {
    return this.#step;
  }

  /** A sequence within this one. In import mode it needs a `status`; in active mode it begins as passed. */
  sequence(options: SequenceOptions): Sequence {
    const { path = options.name, version, ...facts } = options;
    const step = this.#add(facts, 'SequenceCall', [this.#judged(facts, 'P')], {
      seqCall: { path, name: options.name, ...(version === undefined ? {} : { version }) },
      steps: [],
    });
    return new Sequence(this.#tree, step, status => this.#raise(status));
  }

  /** A measured number (`ET_NLT`). */
  numeric(options: StepOptions & NumericMeasurement): WsjfStep {
    const { value, unit, compOp, lowLimit, highLimit, ...facts } = options;
    const measurement = numericMeasurement(this.#tree.mode, null, options);
    return this.#add(facts, 'ET_NLT', [measurement.status], { numericMeas: [measurement] });
  }

  /** Several measured numbers (`ET_MNLT`). */
  multiNumeric({ measurements, ...facts }: MultiOptions<NumericMeasurement>): WsjfStep {
    const numericMeas = measurements.map(one => numericMeasurement(this.#tree.mode, one.name, one));
    return this.#add(facts, 'ET_MNLT', statusesOf(numericMeas), { numericMeas });
  }

  /** Something that passes or fails (`ET_PFT`). */
  passFail({ status, ...facts }: Omit<StepOptions, 'status'> & PassFailMeasurement): WsjfStep {
    const measurement = booleanMeasurement(null, { status });
    return this.#add(facts, 'ET_PFT', [measurement.status], { booleanMeas: [measurement] });
  }

  /** Several things that pass or fail (`ET_MPFT`). */
  multiPassFail({ measurements, ...facts }: MultiOptions<PassFailMeasurement>): WsjfStep {
    const booleanMeas = measurements.map(one => booleanMeasurement(one.name, one));
    return this.#add(facts, 'ET_MPFT', statusesOf(booleanMeas), { booleanMeas });
  }

  /** A measured text (`ET_SVT`). */
  string(options: StepOptions & StringMeasurement): WsjfStep {
    const { value, compOp, limit, ...facts } = options;
    const measurement = stringMeasurement(this.#tree.mode, null, options);
    return this.#add(facts, 'ET_SVT', [measurement.status], { stringMeas: [measurement] });
  }

  /** Several measured texts (`ET_MSVT`). */
  multiString({ measurements, ...facts }: MultiOptions<StringMeasurement>): WsjfStep {
    const stringMeas = measurements.map(one => stringMeasurement(this.#tree.mode, one.name, one));
    return this.#add(facts, 'ET_MSVT', statusesOf(stringMeas), { stringMeas });
  }

  /** A chart (`WATS_XYGMNLT`), with numbers that were measured on it. Any other step can have a chart too. */
  chart(options: Partial<MultiOptions<NumericMeasurement>> & Required<Pick<StepOptions, 'name' | 'chart'>>): WsjfStep {
    const { measurements = [], ...facts } = options;
    const numericMeas = measurements.map(one => numericMeasurement(this.#tree.mode, one.name, one));
    const payload = numericMeas.length > 0 ? { numericMeas } : {};
    return this.#add(facts, 'WATS_XYGMNLT', statusesOf(numericMeas), payload);
  }

  /** Something that was done (`Action`). Its status is `D` (done) unless it is given. */
  action(options: StepOptions): WsjfStep {
    return this.step({ ...options, stepType: 'Action' });
  }

  /** A step of any kind. Its status is `D` (done) unless it is given. */
  step({ stepType, callExe, messagePopup, ...facts }: AnyStepOptions): WsjfStep {
    return this.#add(facts, stepType, ['D'], {
      ...(callExe ? { callExe } : {}),
      ...(messagePopup ? { messagePopup } : {}),
    });
  }

  #add(options: StepOptions, stepType: string, measured: readonly StepStatus[], payload: Partial<WsjfStep>): WsjfStep {
    const status = options.status === undefined ? summary(measured) : parseStatus(options.status);
    const step: WsjfStep = { ...stepFields(options, this.#tree.nextId(), stepType), status, ...payload };
    this.#step.steps ??= [];
    this.#step.steps.push(step);
    this.#raise(status);
    return step;
  }

  #raise(status: StepStatus): void {
    if (this.#tree.mode === 'import') return;
    const worst = worstStatus([this.#step.status, status]);
    if (worst !== 'P') this.#step.status = worst;
    this.#tellParent(status);
  }

  #judged(options: StepOptions, active: StepStatus): StepStatus {
    if (this.#tree.mode === 'active' || options.status !== undefined) return active;
    throw new FileFormatError(`Sequence '${options.name}' has no status, and in import mode none is computed`);
  }
}

/** A single status is the step's own, whatever it is; several come to the worst of them. */
function summary(statuses: readonly StepStatus[]): StepStatus {
  const [only] = statuses;
  return statuses.length === 1 && only ? only : worstStatus(statuses);
}

function statusesOf(measurements: readonly { status: StepStatus }[]): StepStatus[] {
  return measurements.map(measurement => measurement.status);
}
