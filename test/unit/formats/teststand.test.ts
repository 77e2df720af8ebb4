import { describe, expect, it } from 'vitest';
import { TestStandXmlConverter, type TestStandXmlConverterOptions } from '../../../src/formats/index.js';
import { runConverter } from '../../../src/testing/index.js';
import { DEFAULTS, failureOf, reportsOf } from './support.js';

type Tree = { [name: string]: string | number | boolean | Tree | Tree[] };

/** Properties as TestStand writes them. */
function props(tree: Tree): string {
  return Object.entries(tree)
    .map(([key, value]) => {
      const [name, typeName = ''] = key.split(':');
      const open = (type: string) => `<Prop Name='${name}' Type='${type}' TypeName='${typeName}' Flags='0x0'>`;
      if (Array.isArray(value)) return `${open('Array')}${value.map(element).join('\n')}</Prop>`;
      if (typeof value === 'object') return `${open('Obj')}${props(value)}</Prop>`;
      const type = { string: 'String', number: 'Number', boolean: 'Boolean' }[
        typeof value as 'string' | 'number' | 'boolean'
      ];
      const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
      return `${open(type)}<Value>${text}</Value></Prop>`;
    })
    .join('\n');
}

function element(tree: Tree): string {
  const { $type = 'TEResult', $name = '', ...rest } = tree;
  return `<Value ID='[0]'><Prop Name='${$name}' Type='${$type}' Flags='0x0'>${props(rest as Tree)}</Prop></Value>`;
}

const step = (name: string, stepType: string, status: string, more: Tree = {}): Tree => ({
  Status: status,
  ...more,
  TS: { StepName: name, StepType: stepType, StepGroup: 'Main', TotalTime: 0.5, ...((more.TS as Tree) ?? {}) },
});

function file(results: Tree[], more = '', status = 'Passed'): string {
  const head = props({
    UUT: { SerialNumber: 'S1', PartNumber: 'P1' },
    StartDate: { Year: 2022, Month: 7, MonthDay: 1 },
    StartTime: { Hours: 15, Minutes: 47, Seconds: 48, Milliseconds: 9 },
    StationInfo: { StationID: 'ST-1', LoginName: 'admin' },
  });
  const main = props({
    TS: { SequenceCall: { ResultList: results, Sequence: 'Main', SequenceFile: 'a.seq' }, StepName: 'Main' },
    Status: status,
  });
  return `<?xml version="1.0"?>\n<Reports>\n<Report Type='UUT' UUTResult='${status}'>\n${head}\n${more}\n<Prop Type='TEResult' Flags='0x0'>${main}</Prop>\n</Report>\n</Reports>`;
}

const { pn: _pn, start: _start, ...defaults } = DEFAULTS;
const converter = (options: TestStandXmlConverterOptions = {}) => new TestStandXmlConverter({ defaults, ...options });

describe('TestStandXmlConverter', () => {
  it('takes over every kind of step', async () => {
    const limits = { Limits: { Low: 1, High: 4 } };
    const xml = file(
      [
        step('n', 'NumericLimitTest', 'Failed', { Numeric: 5, Units: 'V', Comp: 'GELE', ...limits }),
        step('le', 'NumericLimitTest', 'Passed', { Numeric: 5, Comp: 'LE', Limits: { High: 6 } }),
        step('eqt', 'NumericLimitTest', 'Passed', {
          Numeric: 5,
          Comp: 'EQT',
          Limits: { ThresholdType: 'PERCENTAGE' },
          RawLimits: { Nominal: 5, Low: 10, High: 20 },
        }),
        step('m', 'NI_MultipleNumericLimitTest', 'Failed', {
          Measurement: [
            { $type: 'Obj', $name: 'a', Data: 1, Comp: 'GT', Limits: { Low: 0 }, Units: 'A', Status: 'Passed' },
            { $type: 'Obj', $name: 'b', Data: 'NAN', Comp: 'LOG', Status: 'Failed' },
          ],
        }),
        step('s', 'StringValueTest', 'Passed', { String: 'x', Comp: 'CaseSensitive', Limits: { String: 'x' } }),
        step('log', 'StringValueTest', 'Done', { String: '' }),
        step('pf', 'PassFailTest', 'Failed', {
          PassFail: false,
          ReportText: 'why',
          Error: { Code: 7, Msg: 'oh', Occurred: true },
        }),
        step('skip', 'PassFailTest', 'Skipped', { PassFail: false }),
        step('popup', 'MessagePopup', 'Done', { ButtonHit: 2, Response: 'yes' }),
        step('exe', 'CallExecutable', 'Passed', { ExitCode: 3 }),
        step('loop', 'Action', 'Passed', { TS: { NumLoops: 2, NumPassed: 1, NumFailed: 1, EndingLoopIndex: 2 } }),
        step('inner', 'SequenceCall', 'Passed', {
          TS: {
            SequenceCall: { ResultList: [step('deep', 'Action', 'Done')], Sequence: 'Sub', SequenceFileVersion: '1.2' },
          },
        }),
      ],
      '',
      'Failed',
    );
    const [report] = await reportsOf(converter(), xml);
    expect(report).toMatchObject({
      result: 'F',
      pn: 'P1',
      sn: 'S1',
      machineName: 'ST-1',
      uut: { user: 'admin' },
      root: { id: 1, name: 'Main', status: 'F', seqCall: { path: 'a.seq', name: 'Main' } },
    });
    expect(report?.start).toMatch(/^2022-07-01T15:47:48\.009[+-]/);
    expect(report?.root.steps).toMatchObject([
      {
        id: 2,
        group: 'M',
        totTime: 0.5,
        numericMeas: [{ value: 5, unit: 'V', compOp: 'GELE', lowLimit: 1, highLimit: 4, status: 'F' }],
      },
      { numericMeas: [{ compOp: 'LE', lowLimit: 6 }] },
      { numericMeas: [{ compOp: 'EQT', lowLimit: 4.5, highLimit: 6 }] },
      {
        numericMeas: [
          { name: 'a', value: 1, unit: 'A', compOp: 'GT', lowLimit: 0, status: 'P' },
          { name: 'b', value: 'NaN', compOp: 'LOG', status: 'F' },
        ],
      },
      { stringMeas: [{ value: 'x', limit: 'x', compOp: 'CASESENSIT', status: 'P' }] },
      { stringMeas: [{ value: '', compOp: 'LOG', status: 'D' }] },
      { booleanMeas: [{ status: 'F' }], reportText: 'why', errorCode: 7, errorMessage: 'oh' },
      { name: 'skip', status: 'S' },
      { messagePopup: { button: 2, response: 'yes' } },
      { callExe: { exitCode: 3 } },
      { loop: { num: 2, passed: 1, failed: 1, endingIndex: 2 } },
      { id: 13, seqCall: { path: 'Sub', name: 'Sub', version: '1.2' }, steps: [{ id: 14, name: 'deep' }] },
    ]);
    expect(report?.root.steps?.[1]?.numericMeas?.[0]).not.toHaveProperty('highLimit');
    expect(report?.root.steps?.[7]).not.toHaveProperty('booleanMeas');
  });

  it('takes facts and parts, and names what it leaves out', async () => {
    const more = props({
      UUT: {
        SerialNumber: 'S2',
        PartNumber: 'P2',
        MiscUUTResult: {
          Misc_UUT_Info: [
            { $type: 'Obj', Description: 'Rack', Data_String: 'R1' },
            { $type: 'Obj', Description: 'Slot', Data_Numeric: 4 },
          ],
          UUT_Part_Info: [
            { $type: 'Obj', Part_Type: 'PCBA', Part_Number: 'P9', Part_Serial_Number: 'B1', Part_Revision_Number: 'C' },
          ],
        },
      },
    });
    const xml = file([step('a', 'Own', 'Done', { Waveform: 'x' })], more);
    const { reports, warnings } = await runConverter(converter(), xml);
    expect(reports).toMatchObject([
      {
        sn: 'S2',
        miscInfos: [
          { description: 'Rack', text: 'R1' },
          { description: 'Slot', numeric: 4 },
        ],
        subUnits: [{ partType: 'PCBA', pn: 'P9', sn: 'B1', rev: 'C' }],
      },
    ]);
    expect(warnings).toEqual(["1 of 'Waveform' left out: a report has no place for it"]);
  });

  it('reads statuses of the user, and leaves reports of batches out', async () => {
    const own = file([step('a', 'Action', 'Good')]);
    expect(await failureOf(converter(), own)).toMatchObject({
      line: expect.any(Number),
      expected: expect.stringContaining('a status'),
    });
    const [report] = await reportsOf(converter({ statuses: { Good: 'P' } }), own);
    expect(report?.root.steps).toMatchObject([{ status: 'P' }]);
    const withBatch = file([]).replace('<Reports>', "<Reports><Report Type='Batch'></Report>");
    expect((await runConverter(converter(), withBatch)).warnings).toEqual([
      "1 of reports of type 'Batch' left out: a report has no place for it",
    ]);
  });

  it.each([
    ['a number', '<Value>5</Value>', '<Value>five</Value>', 'a number such as 3.31'],
    ['a name', '<Value>n</Value>', '<Value></Value>', 'the name of its step'],
    ['True or False', '<Value>False</Value>', '<Value>No</Value>', 'True or False'],
    ['an operator', '<Value>GT</Value>', '<Value>ABOVE</Value>', 'an operator such as LOG'],
    [
      'a group',
      "<Value>Main</Value></Prop>\n<Prop Name='TotalTime'",
      "<Value>After</Value></Prop>\n<Prop Name='TotalTime'",
      'Setup, Main or Cleanup',
    ],
  ])('expects %s', async (_what, from, to, expected) => {
    const xml = file([
      step('n', 'NumericLimitTest', 'Passed', { Numeric: 5, Comp: 'GT', Limits: { Low: 1 }, PassFail: false }),
      step('p', 'PassFailTest', 'Failed', { PassFail: false }),
    ]);
    expect(xml).toContain(from);
    const error = await failureOf(converter(), xml.replaceAll(from, to));
    expect(error).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
    expect(error.message).toContain(expected);
  });

  it('says what is missing and what is no report of TestStand', async () => {
    expect((await failureOf(new TestStandXmlConverter(), file([]))).message).toContain('does not give rev (in ');
    expect((await failureOf(converter(), '<Reports/>')).message).toContain('the report of a unit in it');
    expect((await failureOf(converter(), "<Reports><Report Type='UUT'/></Reports>")).message).toContain(
      'one result of a main sequence',
    );
    expect((await failureOf(converter(), '<html/>')).message).toContain('<Reports> or <TSReport>');
  });
});
