import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { type CompareOptions, compareReports } from '../../../src/report/compare-reports.js';
import { UutReport } from '../../../src/report/index.js';

const measure = (fields: object) => ({
  name: 'Vout',
  compOp: 'GELE',
  value: 5.01,
  lowLimit: 4.5,
  highLimit: 5.5,
  status: 'P',
  ...fields,
});
const step = (name: string, ...numericMeas: object[]) => ({ name, status: 'P', numericMeas });
const report = (...steps: object[]) => ({ pn: 'P1', sn: 'S1', result: 'P', root: { name: 'Main', steps } });

/** Each difference in one line. */
function differences(before: unknown, after: unknown, options?: CompareOptions): string[] {
  return compareReports(before, after, options).map(({ kind, path, before, after }) =>
    [kind, path, ...[before, after].map(value => JSON.stringify(value) ?? '-')].join(' '),
  );
}

describe('the comparison of two reports', () => {
  it('names the one limit that differs, by the name of its step', () => {
    const before = report(step('Boot'), step('Voltage', measure({})));
    const after = report(step('Boot'), step('Voltage', measure({ highLimit: 5.4 })));
    expect(compareReports(before, after)).toEqual([
      {
        kind: 'changed',
        path: 'root.steps["Voltage"].numericMeas["Vout"].highLimit',
        commonPath: 'root.steps["Voltage"].numericMeas["Vout"].highLimit',
        concerns: 'limit',
        before: 5.5,
        after: 5.4,
      },
    ]);
  });

  it('finds steps by their names, so that one more does not change all that follow', () => {
    const before = report(step('A'), step('B'), step('D'));
    const after = report(step('A'), step('C'), step('D'));
    const shape = '{"name":"%","status":"P","numericMeas":[]}';
    expect(differences(before, after)).toEqual([
      `added root.steps["C"] - ${shape.replace('%', 'C')}`,
      `removed root.steps["B"] ${shape.replace('%', 'B')} -`,
    ]);
  });

  it('tells several steps of one name apart by which of them it is', () => {
    const loop = (...values: number[]) => report(...values.map(value => step('Loop', measure({ value }))));
    expect(differences(loop(1, 2, 3), loop(1, 7, 3))).toEqual([
      'changed root.steps["Loop"#2].numericMeas["Vout"].value 2 7',
    ]);
  });

  it('tells of another order once', () => {
    expect(differences(report(step('A'), step('B'), step('C')), report(step('C'), step('A'), step('B')))).toEqual([
      'reordered root.steps ["\\"A\\"","\\"B\\"","\\"C\\""] ["\\"C\\"","\\"A\\"","\\"B\\""]',
    ]);
  });

  it('compares what has no names by position', () => {
    const [one] = compareReports({ data: [1, 2, 3] }, { data: [1, 5] });
    expect(one).toMatchObject({ kind: 'changed', path: 'data[1]', commonPath: 'data[*]', before: 2, after: 5 });
    expect(differences({ data: [1, 2, 3] }, { data: [1, 5] })).toEqual(['changed data[1] 2 5', 'removed data[2] 3 -']);
    // An empty name is none.
    expect(differences([{ name: '', v: 1 }], [{ name: '', v: 2 }])).toEqual(['changed [0].v 1 2']);
  });

  it('says what a difference is about', () => {
    const concern = (field: string) => compareReports({ [field]: 1 }, { [field]: 2 })[0]?.concerns;
    expect(['lowLimit', 'highLimit', 'compOp', 'status', 'result', 'value', 'unit'].map(concern)).toEqual([
      'limit',
      'limit',
      'limit',
      'status',
      'status',
      'value',
      'other',
    ]);
  });

  it('takes floats for the same within the tolerance', () => {
    expect(differences({ v: 0.1 + 0.2 }, { v: 0.3 })).toEqual([]);
    expect(differences({ v: 100 }, { v: 100.5 })).toEqual(['changed v 100 100.5']);
    expect(differences({ v: 100 }, { v: 100.5 }, { tolerance: 0.01 })).toEqual([]);
    expect(differences({ v: 0.1 + 0.2 }, { v: 0.3 }, { tolerance: 0 })).toHaveLength(1);
    expect(differences({ v: 0 }, { v: 1e-12 })).toHaveLength(1);
    // A number is not its text.
    expect(differences({ v: 1 }, { v: '1' })).toEqual(['changed v 1 "1"']);
  });

  it.each([
    ['start', []],
    ['**.value', ['start', 'data[0]', 'data[1]']],
    ['root', ['start', 'data[0]', 'data[1]']],
    ['root.steps[*].numericMeas[*].value', ['start', 'data[0]', 'data[1]']],
    ['root.steps["Voltage"].**', ['start', 'data[0]', 'data[1]']],
    ['root.steps["Other"].**', ['start', 'root.steps["Voltage"].numericMeas["Vout"].value', 'data[0]', 'data[1]']],
    ['data[0]', ['start', 'root.steps["Voltage"].numericMeas["Vout"].value', 'data[1]']],
  ])('leaves out %s', (pattern, left) => {
    const one = (start: string, value: number) => ({
      start,
      ...report(step('Voltage', measure({ value }))),
      data: [value, value],
    });
    const ignore = pattern === 'start' ? ['start', 'root', 'data'] : [pattern];
    expect(compareReports(one('a', 1), one('b', 2), { ignore }).map(one => one.path)).toEqual(left);
  });

  it('refuses a pattern that is none', () => {
    for (const pattern of ['', 'a..b', 'a[', '[x]', 'a b']) {
      expect(() => compareReports({}, {}, { ignore: [pattern] })).toThrow(ConfigError);
    }
  });

  it('sees reports as they are written: dates and undefined fields', () => {
    const build = () => {
      const built = new UutReport({
        pn: 'P',
        sn: 'S',
        rev: '1',
        processCode: 10,
        machineName: 'M',
        location: 'L',
        purpose: 'T',
        start: new Date(0),
      });
      built.root.numeric({ name: 'Vout', compOp: 'GELE', value: 5, lowLimit: 4, highLimit: 6, unit: 'V' });
      return built;
    };
    const written = JSON.parse(JSON.stringify(build().toWsjf()));
    expect(differences(build().toWsjf(), written)).toEqual([]);
    expect(differences({ at: new Date(0), gone: undefined }, { at: '1970-01-01T00:00:00.000Z' })).toEqual([]);
    expect(differences({}, { constructor: 1 })).toEqual(['added constructor - 1']);
    expect(differences({ 'a b': 1 }, { 'a b': 2 })).toEqual(['changed ["a b"] 1 2']);
  });

  it('finds nothing between a report and itself, and one difference for one changed field', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (one, pick) => {
        expect(compareReports(one, structuredClone(one))).toEqual([]);
        const keys = Object.keys(one).filter(key => key !== '__proto__');
        const key = keys[pick % keys.length];
        if (key === undefined) return;
        const other = { ...one, [key]: 'something that is nowhere else' };
        const found = compareReports(one, other);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({ kind: 'changed', after: 'something that is nowhere else' });
      }),
    );
  });
});
