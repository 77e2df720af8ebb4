/** Makes a step of a report from what a file holds of it. */
import { ConverterConfigError } from '../../errors.js';
import type { Sequence } from '../../report/sequence.js';
import type { StepStatus } from '../../report/status.js';
import type { StepOptions } from '../../report/step-options.js';
import type { WsjfStep } from '../../report/wsjf-step.js';
import { located, unexpected } from '../place.js';
import { validStep } from '../valid-step.js';
import { type Cell, findNumber, readFinite, readInteger, readNumber, readStatus, readTime } from './cell.js';
import { limitsOf, textLimitOf } from './step-limits.js';
import { STEP_FIELDS, type StepKind, type StepRequest } from './step-request.js';

/** Adds a step. @throws FileFormatError with line and column when it cannot be understood. */
export function addStep(sequence: Sequence, request: StepRequest): void {
  try {
    validStep(added(sequence, request), request.place);
  } catch (thrown) {
    throw located(request.place, thrown);
  }
}

function added(sequence: Sequence, request: StepRequest): WsjfStep {
  const kind = request.kind === undefined || request.kind === 'auto' ? kindOf(request) : request.kind;
  const { notation, place } = request;
  const facts = stepFacts(request);
  const { value, status } = request.cells;
  const given = status ? { status: readStatus(status, notation) } : {};
  if (kind === 'numeric') {
    if (!value) return addSkipped(sequence, request, 'ET_NLT');
    return sequence.numeric({ ...facts, ...given, ...limitsOf(request), value: readNumber(value, notation) });
  }
  if (kind === 'string') {
    if (!value) return addSkipped(sequence, request, 'ET_SVT');
    return sequence.string({ ...facts, ...given, ...textLimitOf(request), value: value.text });
  }
  if (kind === 'passFail') {
    // What passes or fails may stand as the value.
    const judged = status ?? value;
    if (!judged) throw unexpected(place, 'a status or a value that passes or fails');
    return sequence.passFail({ ...facts, status: readStatus(judged, notation) });
  }
  return sequence.action({ ...facts, ...given });
}

/** What a sequence or step is called and all else that is said of it beside what it measured. */
export function stepFacts(request: StepRequest): StepOptions {
  const { constants = {}, notation, place } = request;
  const { name, group, totTime, reportText, errorCode, errorMessage, start } = request.cells;
  const text = name?.text ?? constants.name;
  if (text === undefined) throw unexpected(name ? name.place : place, 'a name of the step');
  const inGroup = group ? readGroup(group) : constants.group;
  return {
    name: text,
    ...(inGroup ? { group: inGroup } : {}),
    ...(totTime ? { totTime: readFinite(totTime, notation) } : {}),
    ...(reportText ? { reportText: reportText.text } : {}),
    ...(errorCode ? { errorCode: readInteger(errorCode) } : {}),
    ...(errorMessage ? { errorMessage: errorMessage.text } : {}),
    ...(start ? { start: readTime(start, notation) } : {}),
  };
}

/** Fails when options name a field that does not exist. @throws ConverterConfigError */
export function checkStepFields(converter: string, names: readonly string[], others: readonly string[]): void {
  const known: string[] = [...STEP_FIELDS, ...others];
  const unknown = names.filter(name => !known.includes(name));
  if (unknown.length === 0) return;
  throw new ConverterConfigError(
    `Converter '${converter}': a step has no field ${unknown.join(', ')}: expected ${known.join(', ')}`,
  );
}

/** A step of which nothing was measured: it was skipped, unless its status says otherwise. */
function addSkipped(sequence: Sequence, request: StepRequest, stepType: string): WsjfStep {
  const { status } = request.cells;
  const given: StepStatus = status ? readStatus(status, request.notation) : 'S';
  if (given === 'P') throw unexpected(request.place, 'a value, as the step has passed');
  return sequence.step({ ...stepFacts(request), stepType, status: given });
}

function kindOf(request: StepRequest): Exclude<StepKind, 'auto'> {
  const { value, status, lowLimit, highLimit } = request.cells;
  const { constants = {}, notation } = request;
  if (!value) return status ? 'passFail' : 'action';
  const limited = lowLimit ?? highLimit ?? constants.lowLimit ?? constants.highLimit;
  return limited !== undefined || findNumber(value, notation) !== undefined ? 'numeric' : 'string';
}

function readGroup(cell: Cell): 'S' | 'M' | 'C' {
  const letter = cell.text.charAt(0).toUpperCase();
  if (letter === 'S' || letter === 'M' || letter === 'C') return letter;
  throw unexpected(cell.place, 'a group: setup, main or cleanup', cell.text);
}
