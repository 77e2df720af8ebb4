import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../../src/errors.js';
import { parseWsjf, UurReport, UutReport, validateWsjf } from '../../../src/report/index.js';
import { HEADER, hasSamples, readSample, SAMPLES } from './support.js';

const valid = () => {
  const report = new UutReport(HEADER);
  report.root.numeric({ name: 'VCC', value: 3, compOp: 'GELE', lowLimit: 1, highLimit: 4 });
  report.root.string({ name: 'FW', value: '1.2', compOp: 'EQ', limit: '1.2' });
  return report.toWsjf();
};
const pathsOf = (json: unknown): string[] => validateWsjf(json).map(problem => problem.path);

describe('validateWsjf', () => {
  it.skipIf(!hasSamples).each(SAMPLES)('finds nothing wrong with what servers wrote: %s', name => {
    expect(validateWsjf(readSample(name))).toEqual([]);
  });

  it('finds everything that is wrong at once, each with its path', () => {
    const { sn: _sn, ...report } = valid();
    const broken = {
      ...report,
      result: 'S',
      start: '2026-01-30 22:01',
      id: 'no-uuid',
      miscInfos: [{ description: 'a' }, { text: 'x'.repeat(101) }],
      root: {
        ...report.root,
        steps: [
          { ...report.root.steps?.[0], numericMeas: [{ value: 1, compOp: 'BETWEEN', status: 'Passed' }] },
          { ...report.root.steps?.[1], stringMeas: [{ value: 1, compOp: 'EQ', status: 'P' }] },
          {
            stepType: 'ET_NLT',
            name: 'n',
            status: 'P',
            numericMeas: [{ value: 'x', compOp: 'GELE', status: 'P', lowLimit: 1 }],
          },
          { stepType: 'SequenceCall', name: '', status: 'P', steps: [{}] },
        ],
      },
    };
    expect(pathsOf(broken).sort()).toEqual(
      [
        'sn',
        'result',
        'start',
        'id',
        'miscInfos[1].description',
        'miscInfos[1].text',
        'root.steps[0].numericMeas[0].compOp',
        'root.steps[0].numericMeas[0].status',
        'root.steps[1].stringMeas[0].value',
        'root.steps[1].stringMeas[0].limit',
        'root.steps[2].numericMeas[0].value',
        'root.steps[2].numericMeas[0].highLimit',
        'root.steps[3].name',
        'root.steps[3].seqCall',
        'root.steps[3].steps[0].name',
        'root.steps[3].steps[0].stepType',
        'root.steps[3].steps[0].status',
      ].sort(),
    );
    expect(validateWsjf(broken)).toContainEqual({ path: 'sn', message: 'is required' });
  });

  it('wants names where a step has several measurements', () => {
    const report = valid();
    const measurement = { value: 1, compOp: 'LOG', status: 'P' };
    const root = { ...report.root, numericMeas: [{ ...measurement, name: 'a' }, measurement] };
    expect(pathsOf({ ...report, root })).toEqual(['root.numericMeas[1].name']);
  });

  it('wants numbers with a decimal point in charts', () => {
    const report = valid();
    const series = [{ name: 's', dataType: 'XYG', xdata: '1;2', ydata: '1,5;2,5' }];
    const root = { ...report.root, chart: { chartType: 'Line', label: 'c', series } };
    expect(pathsOf({ ...report, root })).toEqual(['root.chart.series[0].ydata']);
  });

  it('checks repairs: the unit itself, what is part of what, the failures', () => {
    const report = new UurReport({ ...HEADER, processCode: 500, uur: { processCode: 10 } }).toWsjf();
    expect(pathsOf({ ...report, uur: { refUUT: 'x' } })).toEqual(['uur.processCode', 'uur.refUUT']);
    const unit = { pn: 'p', sn: 's', idx: 1, parentIdx: 7, failures: [{ category: 'c' }] };
    expect(pathsOf({ ...report, subUnits: [unit] })).toEqual([
      'subUnits[0].failures[0].code',
      'subUnits',
      'subUnits[0].parentIdx',
    ]);
  });

  it('says what is no report at all, and never throws', () => {
    for (const odd of [undefined, null, 1, 'x', [], [valid()]]) expect(pathsOf(odd)).toEqual(['']);
    expect(pathsOf({ ...valid(), type: 'X' })).toEqual(['type']);
    let deep: object = {};
    for (let level = 0; level < 20_000; level += 1) deep = { stepType: 'S', name: 'n', status: 'P', steps: [deep] };
    expect(validateWsjf({ ...valid(), root: deep })).toEqual([
      { path: '', message: 'must not nest deeper than 256 levels' },
    ]);
  });
});

describe('whatever is changed in a report', () => {
  /** Every place in a JSON value, as the keys that lead to it. */
  const placesIn = (json: unknown): string[][] =>
    typeof json !== 'object' || json === null
      ? [[]]
      : [[], ...Object.entries(json).flatMap(([key, value]) => placesIn(value).map(rest => [key, ...rest]))];
  const replaced = (json: unknown, [key, ...rest]: string[], value: unknown): unknown => {
    if (key === undefined) return value;
    const copy = structuredClone(json) as Record<string, unknown>;
    copy[key] = replaced(copy[key], rest, value);
    return copy;
  };

  it('is either named or written back without loss, and nothing but a FileFormatError is thrown', () => {
    const report = valid();
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', 'NaN', -1, 1e300, [], [[]], {}, [{}]));
    fc.assert(
      fc.property(fc.constantFrom(...placesIn(report)), odd, (place, value) => {
        const json = replaced(report, place, value);
        const problems = validateWsjf(json);
        if (problems.length > 0) expect(() => parseWsjf(json)).toThrow(FileFormatError);
        else expect(JSON.stringify(parseWsjf(json).toWsjf())).toBe(JSON.stringify(json));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('parseWsjf', () => {
  it.skipIf(!hasSamples).each(SAMPLES)('reads %s and writes it back without loss', name => {
    const json = readSample(name);
    expect(JSON.stringify(parseWsjf(json).toWsjf())).toBe(JSON.stringify(json));
  });

  it('goes on with a report: new steps have ids of their own, statuses stay', () => {
    const json = valid();
    const report = parseWsjf({ ...json, vendorField: { kept: [1] } });
    if (!(report instanceof UutReport)) throw new TypeError('a test report was expected');
    report.root.numeric({ name: 'late', value: 9, compOp: 'LT', lowLimit: 1, status: 'F' });
    const { root, result, ...rest } = report.toWsjf();
    expect(root.steps?.map(step => [step.id, step.status])).toEqual([
      [2, 'P'],
      [3, 'P'],
      [4, 'F'],
    ]);
    expect([root.status, result]).toEqual(['P', 'P']);
    expect(rest).toHaveProperty('vendorField', { kept: [1] });
    expect(json.root.steps).toHaveLength(2);
  });

  it('throws a FileFormatError that names the problems, and counts those beyond twenty', () => {
    expect(() => parseWsjf({ ...valid(), pn: '' })).toThrow(FileFormatError);
    expect(() => parseWsjf({ ...valid(), pn: '' })).toThrow(/pn must be text of 1 to 100 characters, and is ""/);
    const miscInfos = Array.from({ length: 25 }, () => ({}));
    expect(() => parseWsjf({ ...valid(), miscInfos })).toThrow(/miscInfos\[19\].*; and 5 more$/);
  });
});
