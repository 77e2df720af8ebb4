/** What a step must hold. */
import { booleanMeasurements, chart, numericMeasurements, stringMeasurements } from './measurement-rules.js';
import {
  all,
  anyList,
  anyText,
  at,
  boolean,
  finite,
  integer,
  isRecord,
  isThere,
  listOf,
  oneOf,
  type Rule,
  record,
  text,
  time,
} from './rules.js';
import { STEP_STATUSES } from './status.js';

/** A file in a report. */
export const attachment = record(
  { name: text(256, 1) },
  { contentType: text(100), data: anyText, description: anyText },
);

const hasItsCall: Rule = (value, path, problems) => {
  if (!isRecord(value) || !Array.isArray(value.steps) || value.steps.length === 0 || isThere(value.seqCall)) return;
  problems.push({ path: at(path, 'seqCall'), message: 'is required on a step that holds steps' });
};

/** A step, and those in it. */
export const step: Rule = all(
  record(
    { name: text(100, 1), stepType: text(100, 1), status: oneOf(STEP_STATUSES) },
    {
      id: integer,
      group: oneOf(['S', 'M', 'C']),
      errorCode: integer,
      errorMessage: anyText,
      reportText: anyText,
      start: time,
      totTime: finite,
      tsGuid: anyText,
      causedSeqFailure: boolean,
      causedUUTFailure: boolean,
      loop: record({}, { idx: integer, num: integer, endingIndex: integer, passed: integer, failed: integer }),
      seqCall: record({ path: text(500), name: text(200) }, { version: text(30) }),
      // Through a function: a step may hold steps.
      steps: listOf((value, path, problems) => step(value, path, problems)),
      numericMeas: numericMeasurements,
      booleanMeas: booleanMeasurements,
      stringMeas: stringMeasurements,
      callExe: record({}, { exitCode: finite }),
      messagePopup: record({}, { response: anyText, button: integer }),
      chart,
      attachment,
      additionalResults: anyList,
    },
  ),
  hasItsCall,
);
