/** Real files of real testers through the converter of their format, compared with what the files say. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  CsvConverter,
  type CsvRow,
  TestStandXmlConverter,
  WsjfConverter,
  WsxfConverter,
  XmlConverter,
  type XmlConverterOptions,
  ZipConverter,
} from '../../../src/formats/index.js';
import {
  evaluateLimit,
  UutReport,
  validateWsjf,
  type WsjfStep,
  type WsjfUutReport,
} from '../../../src/report/index.js';
import { runConverter } from '../../../src/testing/index.js';
import { hasSamples, sampleJson, samplePath } from '../../support/samples.js';
import { numericOf, stepsOf } from '../report/support.js';

const DEFAULTS = { pn: 'PART-1', rev: 'A', processCode: 10, location: 'Line 2', purpose: 'Production' };

/** Without what is not there: `null` and empty lists. */
function there(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(there);
  if (typeof json !== 'object' || json === null) return json;
  const fields = Object.entries(json).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(fields.map(([name, value]) => [name, there(value)]));
}

const named = (steps: readonly WsjfStep[], name: string): WsjfStep | undefined =>
  steps.find(step => step.name === name);
const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

describe.skipIf(!hasSamples)('a real file', () => {
  it('WSXF: the same report as the WSJF export of the same test, measurement by measurement', async () => {
    const { reports, warnings } = await runConverter(new WsxfConverter(), samplePath('pyWATS/uut-wsxf-export.xml'));
    const wsjf = sampleJson('pyWATS/uut-wsjf-export.json') as WsjfUutReport;
    expect(warnings).toEqual([]);
    expect(reports).toHaveLength(1);
    expect(there(reports[0])).toEqual(there(wsjf));
    const root = reports[0]?.root as WsjfStep;
    expect([stepsOf(root).length, numericOf(root).length]).toEqual([186, 108]);
    for (const { compOp, value, lowLimit, highLimit, status } of numericOf(root)) {
      expect(evaluateLimit(compOp, value, lowLimit, highLimit)).toBe(status === 'P');
    }
  });

  it.each(['uut-wsjf-export.json', 'new_report_example.json', 'uur_example.json'])('WSJF: %s as it is', async name => {
    const { reports } = await runConverter(new WsjfConverter(), samplePath(`pyWATS/${name}`));
    expect(reports).toEqual([sampleJson(`pyWATS/${name}`)]);
  });

  it('TestStand, its own report', async () => {
    const path = samplePath('TestStand-XML-Converter/Examples/TsWithoutWats.xml');
    const { reports, warnings } = await runConverter(new TestStandXmlConverter({ defaults: DEFAULTS }), path);
    const [report] = reports as [WsjfUutReport];
    const file = await readFile(path, 'latin1');
    expect([reports.length, warnings, validateWsjf(report)]).toEqual([1, [], []]);
    expect(report).toMatchObject({
      sn: '2342343',
      result: 'P',
      machineName: 'TS-2021-BETA',
      uut: { user: 'administrator', execTime: 6.0831833 },
    });
    expect(report.start).toMatch(/^2022-07-01T15:47:48\.927/);
    const steps = stepsOf(report.root);
    // The main sequence is a result too, which StepCount does not count.
    expect(steps.length).toBe(Number(/StepCount='(\d+)'/.exec(file)?.[1]) + 1);
    expect(steps.length).toBe(count(file, /Name='StepGroup'/g));
    expect(steps.map(step => step.id)).toEqual(steps.map((_, index) => index + 1));
    expect(numericOf(report.root)).toMatchObject([
      { value: 5, unit: 'microseconds', compOp: 'GTLT', lowLimit: 0, highLimit: 10, status: 'P' },
      { value: 6, compOp: 'GT', lowLimit: 5, status: 'P' },
    ]);
    expect(steps.filter(step => step.booleanMeas).length).toBe(count(file, /Name='PassFail'/g));
    expect(named(steps, 'CPU Test')?.steps?.map(step => step.name)).toEqual([
      'Register Test',
      'Instruction Set Test',
      'Cache Test',
      'FPU Test',
    ]);
    expect(steps.map(step => step.group).join('')).toBe(`MSS${'M'.repeat(14)}C`);
  });

  it('TestStand, the report of the WATS generator', async () => {
    const path = samplePath('TestStand-XML-Converter/Examples/TSWithWats.xml');
    const { reports, warnings, error } = await runConverter(new TestStandXmlConverter(), path);
    expect([error, warnings]).toEqual([undefined, []]);
    expect(reports).toMatchObject([
      {
        id: 'f4fb0a29-93b1-4f7f-ada7-672b382774ab',
        sn: '12345',
        pn: 'PN1',
        rev: '1.0',
        processCode: 60,
        result: 'P',
        start: '2022-06-23T10:55:04.3700000+02:00',
        machineName: 'VIC-PCBA-003',
        location: 'Norautron Horten',
        purpose: 'PCBA Test',
        root: {
          totTime: 0.0539233,
          steps: [{ name: 'Pass/Fail Test', stepType: 'ET_PFT', booleanMeas: [{ status: 'P' }] }],
        },
      },
    ]);
  });

  it('XML by paths', async () => {
    const converter = new XmlConverter({
      report: {
        sn: 'Header/SerialNumber',
        pn: 'Header/PartNumber',
        rev: 'Header/Revision',
        start: 'Header/StartDate',
        execTime: 'Header/ExecutionTime',
        processCode: 'Header/OperationTypeCode',
        user: 'Header/Operator',
      },
      steps: [
        {
          at: 'Sequence',
          kind: 'sequence',
          name: '@Name',
          steps: [
            {
              at: 'NumericTest',
              name: '@Name',
              value: '@Measure',
              lowLimit: '@LowLim',
              highLimit: '@HighLim',
              unit: '@Unit',
            },
            { at: 'StringTest', name: '@Name', value: '@Measure', limit: '@Limit', kind: 'string' },
            { at: 'PassFailTest', name: '@Name', value: '@Measure', kind: 'passFail' },
          ],
        },
      ],
      defaults: { location: 'Line 2', purpose: 'Production' },
    });
    const { reports, error } = await runConverter(
      converter,
      samplePath('WATS-Client-Converter-Example/Examples/XMLReport.xml'),
    );
    expect(error).toBeUndefined();
    const [report] = reports as [WsjfUutReport];
    expect(report).toMatchObject({
      sn: '12345',
      pn: 'Part1',
      rev: '1.0',
      processCode: 50,
      result: 'F',
      uut: { execTime: 20.5, user: 'Ragnar' },
    });
    expect(report.start.slice(0, 19)).toBe('2017-04-20T12:01:30');
    expect(
      numericOf(report.root).map(({ value, lowLimit, highLimit, unit, status }) => [
        value,
        lowLimit,
        highLimit,
        unit,
        status,
      ]),
    ).toEqual([
      [4.56, 4, 5, 'V', 'P'],
      [1000.766, 900, 1100, 'Ohm', 'P'],
      [555.7, 500, 600, 'V', 'P'],
      [300.88, 310, 400, 'A', 'F'],
    ]);
    expect(report.root.steps?.map(step => [step.name, step.status])).toEqual([
      ['Startup', 'P'],
      ['Main', 'F'],
    ]);
    expect(stepsOf(report.root).slice(-2)).toMatchObject([
      { name: 'Software version', stringMeas: [{ value: '3.4', limit: '3.4', status: 'P' }] },
      { name: 'LED ok', status: 'P' },
    ]);
  });

  const JTAG: XmlConverterOptions = {
    report: { start: '@datetime' },
    steps: [
      {
        at: 'testgroup',
        kind: 'sequence',
        name: '@name',
        steps: [
          { at: 'testfunction', kind: 'passFail', name: '@name', status: 'result/@value', reportText: 'plain-text' },
        ],
      },
    ],
    defaults: source => ({ ...DEFAULTS, sn: source.path.match(/(\d+)_14_\d\d_/)?.[1] ?? '' }),
  };

  it('XML of a JTAG tester: groups and functions', async () => {
    const path = samplePath('WATS-Client-Converter-JTAG/Examples/567567_14_29_24_17_06_2020_Pass.xml');
    const file = await readFile(path, 'utf8');
    const { reports, error } = await runConverter(new XmlConverter(JTAG), path);
    expect(error).toBeUndefined();
    const [report] = reports as [WsjfUutReport];
    expect(report).toMatchObject({ sn: '567567', result: 'P', start: '2020-06-17T13:29:24.2586780Z' });
    expect(report.root.steps).toHaveLength(count(file, /<testgroup /g));
    const functions = stepsOf(report.root).filter(step => step.booleanMeas);
    expect(functions).toHaveLength(count(file, /<testfunction /g));
    const results = [...file.matchAll(/<result value="(\w)/g)].map(match => match[1]);
    expect(functions.map(step => step.status)).toEqual(results);
    expect(new Set(results)).toEqual(new Set(['P', 'S']));
    expect(functions[0]?.reportText).toContain('Serial number set to 567567 by the test system');
  });

  it.each([
    ['1234_14_25_32_10.08.2018_Pass.xjlog', '1234', 12, 19],
    ['567567_14_29_24_17_06_2020_Pass.xjlog', '567567', 13, 24],
  ])('ZIP of a JTAG tester: %s', async (name, sn, groups, functions) => {
    const run = new XmlConverter({ ...JTAG, extensions: [] });
    Object.assign(run, { filePatterns: ['Run *.xml'] });
    const converter = new ZipConverter({ converter: run, extensions: ['.xjlog'] });
    const { reports, error } = await runConverter(converter, samplePath(`WATS-Client-Converter-JTAG/Examples/${name}`));
    expect(error).toBeUndefined();
    const [report] = reports as [WsjfUutReport];
    expect([reports.length, report.sn, report.root.steps?.length]).toEqual([1, sn, groups]);
    expect(stepsOf(report.root).filter(step => step.booleanMeas)).toHaveLength(functions);
  });

  it('CSV of an in-circuit tester: ten runs of 13,183 steps, as the tester judged them', async () => {
    const path = samplePath('WATS-Client-Converter-Spea-ICT-3030/Data/testdata_SN9871234012.csv');
    const { reports, error } = await runConverter(new CsvConverter({ map: speaReports, quote: false }), path);
    expect(error).toBeUndefined();
    const made = reports as WsjfUutReport[];
    const lines = (await readFile(path, 'latin1')).split(/\r?\n/).map(line => line.split(';'));
    const rows = lines.filter(([kind]) => kind === 'ANL');
    const steps = made.flatMap(report => report.root.steps ?? []);
    expect([made.length, steps.length]).toEqual([10, 13_183]);
    expect(steps.map(step => step.status)).toEqual(rows.map(cells => (cells[7] === 'PASS' ? 'P' : 'F')));
    const measured = rows.map(cells => cells[8] ?? '').filter(cell => cell !== 'Automatic');
    const values = measured.map(cell => (cell === '-NAN' ? 'NaN' : Number(cell)));
    expect(values.filter(value => value === 'NaN')).toHaveLength(9);
    expect(made.flatMap(report => numericOf(report.root)).map(({ value }) => value)).toEqual(values);
    const results = lines
      .filter(([kind]) => kind === 'BOARDRESULT')
      .map(([, result]) => (result === 'PASS' ? 'P' : 'F'));
    expect(made.map(({ sn, result }) => [sn, result])).toEqual(results.map(result => ['SN9871234012', result]));
  });

  it('CSV of a speaker tester: curves and values, with tabs', async () => {
    const folder = 'WATS-Client-Converter-Klippel/Example/Log/DUT xyz115 2020-05-14 10-01-37-5 UTC+0200';
    const curve = await runConverter(new CsvConverter(), samplePath(`${folder}/Impedance-imp.txt`));
    expect(curve.reports).toHaveLength(129);
    expect({ ...(curve.reports[0] as object) }).toEqual({ frq: '18.750', imp: '1.7263', max: '3.4030', min: '3.0445' });
    const values = new CsvConverter({
      step: { name: 'name', value: 'value', highLimit: 'max', lowLimit: 'min', kind: 'numeric' },
      defaults: { ...DEFAULTS, sn: 'xyz115', start: '2020-05-14T10:01:37+02:00' },
    });
    const { reports, error } = await runConverter(values, samplePath(`${folder}/Sound Pressure-values.txt`));
    expect(error).toBeUndefined();
    expect(numericOf((reports[0] as WsjfUutReport).root)).toMatchObject([
      { value: 95.203, lowLimit: 91.337, highLimit: 97.337, status: 'P' },
    ]);
    const missing = await runConverter(values, samplePath(`${folder}/Impedance-values.txt`));
    expect(missing.error).toMatchObject({ line: 2, column: 2, expected: 'a number such as 3.31' });
  });
});

/** What a converter for this tester would do: the kind of each line is its first cell. */
async function speaReports(rows: AsyncIterable<CsvRow>): Promise<WsjfUutReport[]> {
  const reports: WsjfUutReport[] = [];
  let steps: CsvRow[] = [];
  let start: readonly string[] = [];
  let sn = '';
  let result = '';
  for await (const row of rows) {
    const [kind, first = ''] = row.cells;
    if (kind === 'START') [start, steps] = [row.cells, []];
    if (kind === 'ANL') steps.push(row);
    if (kind === 'SN') sn = first;
    if (kind === 'BOARDRESULT') result = first;
    if (kind !== 'END') continue;
    const [month, day, year] = (start[6] ?? '').split('/');
    const report = new UutReport({
      ...DEFAULTS,
      // A step that failed was measured again in the last run, and the board passed.
      mode: 'import',
      result,
      pn: start[2] ?? '',
      sn,
      machineName: 'SPEA',
      start: `${year}-${month}-${day}T${start[7]}`,
      uut: { user: start[5] ?? '' },
    });
    for (const { cells } of steps) {
      const [name = '', value = ''] = [cells[5], cells[8]];
      const status = (cells[7] ?? '').replace(/\(.*/, '');
      const [lowLimit, highLimit] = [Number(cells[9]), Number(cells[10])];
      if (value === 'Automatic') report.root.passFail({ name, status });
      else report.root.numeric({ name, value: Number(value), compOp: 'GELE', lowLimit, highLimit, status });
    }
    reports.push(report.toWsjf());
  }
  return reports;
}
