/** Says everything that is wrong with a report, before a server does. */
import { MAX_JSON_DEPTH, nestsTooDeep } from './json-depth.js';
import {
  all,
  anyList,
  anyText,
  boolean,
  finite,
  guid,
  integer,
  isRecord,
  listOf,
  oneOf,
  type Rule,
  record,
  text,
  time,
  type WsjfProblem,
} from './rules.js';
import { REPORT_RESULTS } from './status.js';
import { attachment, step } from './step-rules.js';

const name = text(100, 1);

const header = record(
  {
    pn: name,
    sn: name,
    rev: name,
    processCode: integer,
    result: oneOf(REPORT_RESULTS),
    machineName: name,
    location: name,
    purpose: name,
    start: time,
  },
  {
    id: guid,
    processName: anyText,
    startUTC: time,
    miscInfos: listOf(
      record({ description: name }, { text: text(100), numeric: finite, numericFormat: anyText, typedef: text(30) }),
    ),
    assets: listOf(
      record(
        { sn: name },
        {
          usageCount: finite,
          assetType: anyText,
          partNumber: anyText,
          calibrationDate: anyText,
          calibrationDue: anyText,
        },
      ),
    ),
    additionalData: listOf(record({ name: text(200, 1) }, { props: anyList })),
  },
);

const subUnit = record({ pn: name, sn: name }, { partType: text(50), rev: text(100), position: integer });

const test = record(
  {
    root: step,
    uut: record(
      {},
      {
        user: text(100),
        comment: text(5000),
        execTime: finite,
        fixtureId: text(100),
        testSocketIndex: integer,
        errorCode: integer,
        errorMessage: anyText,
        batchSN: text(100),
        batchFailCount: integer,
        batchLoopIndex: integer,
        stepIdCausedUUTFailure: integer,
      },
    ),
  },
  { subUnits: listOf(all(subUnit, record({}, { idx: integer }))) },
);

const failure = record(
  { category: anyText, code: anyText },
  {
    comment: anyText,
    comRef: anyText,
    funcBlock: anyText,
    refStepId: integer,
    artNumber: anyText,
    artRev: anyText,
    artVendor: anyText,
    artDescription: anyText,
  },
);

/** The parts of a repaired unit name each other by `idx`, and the one with 0 is the unit itself. */
const unitsBelongTogether: Rule = (value, path, problems) => {
  if (!Array.isArray(value)) return;
  const known = new Set(value.map(unit => (isRecord(unit) ? unit.idx : undefined)));
  if (!known.has(0)) problems.push({ path, message: 'must hold the repaired unit itself, with idx 0' });
  value.forEach((unit, index) => {
    for (const field of ['parentIdx', 'replacedIdx']) {
      if (isRecord(unit) && typeof unit[field] === 'number' && !known.has(unit[field])) {
        problems.push({ path: `${path}[${index}].${field}`, message: `is ${unit[field]}, which is no sub-unit's idx` });
      }
    }
  });
};

const repair = record(
  {
    uur: record(
      { processCode: integer },
      {
        user: text(100),
        comment: text(5000),
        execTime: finite,
        refUUT: guid,
        confirmDate: time,
        finalizeDate: time,
        active: boolean,
      },
    ),
    subUnits: all(
      listOf(
        all(subUnit, record({ idx: integer }, { parentIdx: integer, replacedIdx: integer, failures: listOf(failure) })),
      ),
      unitsBelongTogether,
    ),
  },
  { binaryData: listOf(attachment) },
);

const RULES = new Map<unknown, Rule>([
  ['T', all(header, test)],
  ['R', all(header, repair)],
]);

/**
 * Everything that is wrong with a WSJF report, in the order of the format; empty when it is valid. Fields that the
 * format does not know are left alone. A missing `id` is no problem: submitters make one from the idempotency key.
 * @param json The parsed JSON.
 */
export function validateWsjf(json: unknown): WsjfProblem[] {
  if (!isRecord(json)) return [{ path: '', message: 'must be a report, which is a JSON object' }];
  if (nestsTooDeep(json)) return [{ path: '', message: `must not nest deeper than ${MAX_JSON_DEPTH} levels` }];
  const rule = RULES.get(json.type) ?? all(oneOfTypes, header);
  const problems: WsjfProblem[] = [];
  rule(json, '', problems);
  return problems;
}

const oneOfTypes = record({ type: oneOf(['T', 'R']) }, {});
