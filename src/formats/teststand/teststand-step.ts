/** A result of TestStand as a step of a report. */
import type { StepStatus } from '../../report/status.js';
import type { WsjfStep } from '../../report/wsjf-step.js';
import { defined } from '../defined.js';
import { type Notation, readStatus } from '../mapping/cell.js';
import { unexpected } from '../place.js';
import { booleanIn, cellAt, finiteIn, integerIn, type Property, propertyAt, textAt } from './property.js';
import { measured } from './teststand-measurements.js';

/** Results hold what a step type adds to them; these are taken over. */
const KNOWN = new Set([
  'Error',
  'Status',
  'ReportText',
  'Common',
  'TS',
  'Numeric',
  'Units',
  'RawLimits',
  'Limits',
  'Comp',
  'PassFail',
  'String',
  'Measurement',
  'ButtonHit',
  'Response',
  'ExitCode',
]);

/** The names of what a result holds beside that which a report has a place for. */
export function foreignProperties(result: Property): string[] {
  return [...result.properties.keys()].filter(name => !KNOWN.has(name));
}

/**
 * The step of a result, without an id.
 * @param steps Those within it.
 * @throws FileFormatError with line and column when it is no result.
 */
export function toStep(result: Property, steps: readonly WsjfStep[], notation: Notation): WsjfStep {
  const stepType = textAt(result, 'TS.StepType') ?? 'Action';
  const name = textAt(result, 'TS.StepName');
  if (name === undefined) throw unexpected(result.place, 'a result with the name of its step (TS.StepName)');
  const status = statusOf(result, notation);
  return {
    ...defined({ group: groupOf(result) }),
    stepType,
    ...defined({ loop: loopOf(result) }),
    name,
    status,
    ...defined({
      errorCode: booleanIn(result, 'Error.Occurred') ? integerIn(result, 'Error.Code') : undefined,
      errorMessage: textAt(result, 'Error.Msg'),
      reportText: textAt(result, 'ReportText'),
      totTime: finiteIn(result, 'TS.TotalTime'),
      tsGuid: textAt(result, 'TS.StepId'),
      causedSeqFailure: booleanIn(result, 'TS.StepCausedSequenceFailure'),
    }),
    // Nothing was measured in a step that was skipped, whatever its properties say.
    ...(status === 'S' ? {} : measured(result, status, notation)),
    ...popupOf(result),
    ...(propertyAt(result, 'ExitCode') ? { callExe: defined({ exitCode: finiteIn(result, 'ExitCode') }) } : {}),
    ...(steps.length > 0 ? { steps: [...steps] } : {}),
    ...callOf(result, name, steps.length > 0),
  };
}

/** The results within a result, in their order. */
export function resultsIn(result: Property): readonly Property[] {
  const lists = ['TS.SequenceCall.ResultList', 'TS.PostAction.ResultList'];
  return lists.flatMap(path => propertyAt(result, path)?.elements ?? []);
}

/** @throws FileFormatError when there is none, or a word that is not known. */
export function statusOf(result: Property, notation: Notation): StepStatus {
  const cell = cellAt(result, 'Status');
  if (!cell) throw unexpected(result.place, 'a result with a Status');
  return readStatus(cell, notation);
}

function groupOf(result: Property): 'S' | 'M' | 'C' | undefined {
  const cell = cellAt(result, 'TS.StepGroup');
  if (!cell) return undefined;
  const letter = cell.text.charAt(0);
  if (letter === 'S' || letter === 'M' || letter === 'C') return letter;
  throw unexpected(cell.place, 'Setup, Main or Cleanup', cell.text);
}

function loopOf(result: Property): WsjfStep['loop'] | undefined {
  const loop = defined({
    idx: integerIn(result, 'TS.LoopIndex'),
    num: integerIn(result, 'TS.NumLoops'),
    endingIndex: integerIn(result, 'TS.EndingLoopIndex'),
    passed: integerIn(result, 'TS.NumPassed'),
    failed: integerIn(result, 'TS.NumFailed'),
  });
  return Object.keys(loop).length > 0 ? loop : undefined;
}

function popupOf(result: Property): Pick<WsjfStep, 'messagePopup'> {
  if (!propertyAt(result, 'ButtonHit')) return {};
  return { messagePopup: defined({ response: textAt(result, 'Response'), button: integerIn(result, 'ButtonHit') }) };
}

function callOf(result: Property, name: string, hasSteps: boolean): Pick<WsjfStep, 'seqCall'> {
  const call = propertyAt(result, 'TS.SequenceCall');
  if (!call && !hasSteps) return {};
  const sequence = textAt(call, 'Sequence') ?? name;
  return {
    seqCall: {
      path: textAt(call, 'SequenceFile') ?? sequence,
      name: sequence,
      ...defined({ version: textAt(call, 'SequenceFileVersion') }),
    },
  };
}
