import { describe, expect, it } from 'vitest';
import { ConverterConfigError } from '../../../src/errors.js';
import { detectDelimiter } from '../../../src/formats/csv/csv-delimiter.js';
import { CsvConverter, type CsvConverterOptions } from '../../../src/formats/index.js';
import { UutReport } from '../../../src/report/index.js';
import { runConverter } from '../../../src/testing/index.js';
import { stepsOf } from '../report/support.js';
import { DEFAULTS, failureOf, reportsOf } from './support.js';

const STEPS: CsvConverterOptions = {
  report: { sn: 'Serial', user: 'Operator', miscInfos: { Humidity: 'Hum' } },
  step: {
    name: 'Test',
    sequence: 'Group',
    value: 'Value',
    unit: 'Unit',
    lowLimit: 'Min',
    highLimit: 'Max',
    limit: 'Expected',
    status: 'Result',
  },
  defaults: DEFAULTS,
};
const HEADER = 'Serial;Operator;Hum;Group;Test;Value;Unit;Min;Max;Expected;Result\n';

describe('CsvConverter, a row a step', () => {
  it('makes a report of each unit, with its steps in their sequences', async () => {
    const text = `${HEADER}S1;mo;40;Power;VCC;3.31;V;3.2;3.4;;
S1;mo;40;Power;ICC;0.9;A;;0.5;;
S2;al;41;;LED;;;;;;ok
S1;mo;40;Software;Version;1.2;;;;1.2;
S1;mo;40;Software;Note;a text;;;;;
S1;mo;40;;Wait;;;;;;
`;
    const [first, second, ...others] = await reportsOf(new CsvConverter(STEPS), text);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      pn: 'PART-1',
      sn: 'S1',
      machineName: 'station',
      result: 'F',
      uut: { user: 'mo' },
      miscInfos: [{ description: 'Humidity', text: '40' }],
    });
    expect(first && stepsOf(first.root).slice(1)).toMatchObject([
      { name: 'Power', status: 'F', stepType: 'SequenceCall' },
      {
        name: 'VCC',
        numericMeas: [{ value: 3.31, unit: 'V', compOp: 'GELE', lowLimit: 3.2, highLimit: 3.4, status: 'P' }],
      },
      { name: 'ICC', numericMeas: [{ value: 0.9, unit: 'A', compOp: 'LE', lowLimit: 0.5, status: 'F' }] },
      { name: 'Software', status: 'P' },
      { name: 'Version', numericMeas: [{ value: 1.2, compOp: 'LOG' }] },
      { name: 'Note', stringMeas: [{ value: 'a text', compOp: 'LOG', status: 'P' }] },
      { name: 'Wait', stepType: 'Action', status: 'D' },
    ]);
    expect(second).toMatchObject({
      sn: 'S2',
      result: 'P',
      root: { steps: [{ name: 'LED', booleanMeas: [{ status: 'P' }] }] },
    });
  });

  it('takes what a kind says: text that looks like a number, and a value that was not measured', async () => {
    const options: CsvConverterOptions = {
      ...STEPS,
      step: { name: 'Test', value: 'Value', limit: 'Expected', status: 'Result' },
    };
    const text = 'Serial;Operator;Hum;Test;Value;Expected;Result\nS1;;;Version;1.20;1.2;\nS1;;;Late;;;skipped\n';
    const asText = await reportsOf(
      new CsvConverter({ ...options, step: { ...options.step, name: 'Test', kind: 'string' } }),
      text,
    );
    expect(asText[0]?.root.steps).toMatchObject([
      { stringMeas: [{ value: '1.20', limit: '1.2', compOp: 'EQ', status: 'F' }] },
      { name: 'Late', stepType: 'ET_SVT', status: 'S' },
    ]);
    const asNumber = await reportsOf(
      new CsvConverter({ ...options, step: { ...options.step, name: 'Test', kind: 'numeric' } }),
      text,
    );
    expect(asNumber[0]?.root.steps).toMatchObject([
      { numericMeas: [{ value: 1.2 }] },
      { stepType: 'ET_NLT', status: 'S' },
    ]);
  });

  it('reads operators, statuses and times in the words of the tester', async () => {
    const converter = new CsvConverter({
      report: { sn: 'sn', start: 'at' },
      step: { name: 'test', value: 'value', lowLimit: 'limit', compOp: 'op', status: 'ok' },
      statuses: { '1': 'P', '0': 'F' },
      time: text => new Date(Number(text) * 1000),
      defaults: { ...DEFAULTS, location: 'Line 3' },
    });
    const text =
      'sn,at,test,value,limit,op,ok\nS1,1770000000,a,5,6,<=,\nS1,1770000000,b,5,6,GT,1\nS1,1770000000,c,5,6,EQT,0\n';
    const [report] = await reportsOf(converter, text);
    expect(report).toMatchObject({ startUTC: '2026-02-02T02:40:00.000Z', location: 'Line 3', result: 'F' });
    expect(report?.root.steps?.map(step => [step.status, step.numericMeas?.[0]?.compOp])).toEqual([
      ['P', 'LE'],
      ['P', 'GT'],
      ['F', 'EQT'],
    ]);
  });
});

describe('CsvConverter, a row a report', () => {
  const converter = new CsvConverter({
    report: { sn: 'Serial', result: 'Result' },
    measurements: [
      { column: 'VCC', unit: 'V', lowLimit: 3.2, highLimit: 3.4, sequence: 'Power' },
      { column: 'FW', name: 'Firmware', limit: '1.2b' },
      { column: 'LED', kind: 'passFail' },
    ],
    defaults: DEFAULTS,
  });

  it('makes a report of each row', async () => {
    const reports = await reportsOf(
      converter,
      'Serial;VCC;FW;LED;Result\nS1;3.3;1.2b;true;P\nS2;3.5;1.2b;NG;F\nS3;;1.2b;ok;P\n',
    );
    expect(reports.map(({ sn, result }) => [sn, result])).toEqual([
      ['S1', 'P'],
      ['S2', 'F'],
      ['S3', 'P'],
    ]);
    expect(reports[1]?.root.steps).toMatchObject([
      { name: 'Power', status: 'F', steps: [{ name: 'VCC', numericMeas: [{ value: 3.5, unit: 'V', status: 'F' }] }] },
      { name: 'Firmware', stringMeas: [{ value: '1.2b', limit: '1.2b', compOp: 'EQ', status: 'P' }] },
      { name: 'LED', status: 'F' },
    ]);
    expect(reports[2]?.root.steps?.[0]?.steps).toMatchObject([{ name: 'VCC', status: 'S' }]);
  });

  it('takes the statuses as given in import mode', async () => {
    const given = new CsvConverter({
      ...converter.arguments,
      mode: 'import',
      measurements: [{ column: 'LED', kind: 'passFail' }],
    });
    const [report] = await reportsOf(given, 'Serial;LED;Result\nS1;NG;P\n');
    expect([report?.result, report?.root.steps?.[0]?.status]).toEqual(['P', 'F']);
  });
});

describe('CsvConverter, by its options', () => {
  it('delivers each row as an object of its cells where nothing is mapped', async () => {
    const reports = await reportsOf(new CsvConverter(), 'sn;result\nS1;P\n\nS2;F\n');
    expect(reports.map(report => ({ ...report }))).toEqual([
      { sn: 'S1', result: 'P' },
      { sn: 'S2', result: 'F' },
    ]);
    expect(await runConverter(new CsvConverter(), { text: 'sn;result\n' })).toMatchObject({ status: 'skipped' });
  });

  it('reads quoted cells, with delimiters, quotes and line ends in them, in every kind of line end', async () => {
    const text = 'sn,comment\r\nS1,"a ""b"", c\r\nd"\r\n S2 , e \r\n';
    expect(await reportsOf(new CsvConverter(), text)).toMatchObject([
      { sn: 'S1', comment: 'a "b", c\nd' },
      { sn: 'S2', comment: 'e' },
    ]);
    expect(await reportsOf(new CsvConverter({ quote: false }), 'sn;size\rS1;3"\r')).toMatchObject([{ size: '3"' }]);
  });

  it('reads numbers with a decimal comma, and says so where it should have been told', async () => {
    const options: CsvConverterOptions = {
      report: { sn: 'sn' },
      measurements: [{ column: 'v', kind: 'numeric', lowLimit: 0.5 }],
      defaults: DEFAULTS,
    };
    const text = 'sn;v\nS1;3,31\n';
    const [report] = await reportsOf(new CsvConverter({ ...options, decimal: ',' }), text);
    expect(report?.root.steps?.[0]?.numericMeas).toMatchObject([{ value: 3.31, lowLimit: 0.5, status: 'P' }]);
    const error = await failureOf(new CsvConverter(options), text, { name: 'a.csv' });
    expect(error.message).toBe(
      "a.csv at line 2, column 2 (column 'v'): expected a number such as 3.31 (see decimal: ','), and it is '3,31'",
    );
    expect(await failureOf(new CsvConverter({ ...options, decimal: ',' }), 'sn;v\nS1;1.000\n')).toMatchObject({
      line: 2,
    });
  });

  it('reads numbers for which JSON has words', async () => {
    const converter = new CsvConverter({ report: { sn: 'sn' }, measurements: [{ column: 'v' }], defaults: DEFAULTS });
    const reports = await reportsOf(converter, 'sn;v\n1;NaN\n2;-Inf\n3;1e999\n4;+.5E-3\n5;5.\n');
    expect(reports.map(report => report.root.steps?.[0]?.numericMeas?.[0]?.value)).toEqual([
      'NaN',
      '-Inf',
      'Inf',
      0.0005,
      5,
    ]);
  });

  it('finds facts above the header, comments, and columns without a header', async () => {
    const facts = new CsvConverter({
      header: 4,
      comment: '#',
      report: { sn: 'Serial number', pn: 'Part' },
      step: { name: 'Test', value: 'Value' },
      defaults: { ...DEFAULTS, pn: 'overruled' },
    });
    const text = 'Serial number:;S1\nPart;P-7\n# by hand\nTest;Value;;\nVCC;3\n# end\nICC;4;;\n';
    expect(await reportsOf(facts, text)).toMatchObject([
      { sn: 'S1', pn: 'P-7', root: { steps: [{ name: 'VCC' }, { name: 'ICC' }] } },
    ]);
    const columns = new CsvConverter({ header: false, columns: ['sn', 'result'] });
    expect(await reportsOf(columns, 'S1;P\nS2\n')).toMatchObject([
      { sn: 'S1', result: 'P' },
      { sn: 'S2', result: '' },
    ]);
  });

  it('takes the serial number out of the name of the file', async () => {
    const converter = new CsvConverter({
      step: { name: 'Test', value: 'Value' },
      defaults: source => ({ ...DEFAULTS, sn: source.name.replace(/\.csv$/, '') }),
    });
    const [report] = await reportsOf(converter, 'Test;Value\nVCC;3\n', { name: 'SN-4711.csv' });
    expect(report?.sn).toBe('SN-4711');
  });

  it('hands the rows to a function, with their lines', async () => {
    const converter = new CsvConverter<{ sn: string; lines: number[] }>({
      name: 'lot',
      version: '2.0.0',
      map: async rows => {
        const lines: number[] = [];
        let sn = '';
        for await (const { line, cells } of rows) {
          lines.push(line);
          if (cells[0] === 'SN') sn = cells[1] ?? '';
        }
        return { sn, lines };
      },
    });
    const { reports } = await runConverter(converter, 'SN;S1\n\nANL;1;2\n"a\nb";3\nEND\n');
    expect(reports).toEqual([{ sn: 'S1', lines: [1, 3, 4, 6] }]);
    expect([converter.name, converter.version]).toEqual(['lot', '2.0.0']);
  });

  it('takes arguments of the pool over its own', async () => {
    const reports = await reportsOf(new CsvConverter({ delimiter: ',' }), 'a;b,c\n1;2,3\n', {
      arguments: { delimiter: ';' },
    });
    expect(reports).toMatchObject([{ a: '1', 'b,c': '2,3' }]);
  });

  it.each([
    ['UTF-8', Buffer.from('sn;größe\nS1;µ\n')],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeffsn;größe\nS1;µ\n')],
    ['UTF-16', Buffer.from('\ufeffsn;größe\nS1;µ\n', 'utf16le')],
    ['Windows-1252', Buffer.from('sn;größe\nS1;µ\n', 'latin1')],
  ])('detects %s', async (_name, bytes) => {
    expect(await reportsOf(new CsvConverter(), bytes)).toMatchObject([{ sn: 'S1', größe: 'µ' }]);
  });

  it('reads the encoding that it is told', async () => {
    const bytes = Buffer.from([0x73, 0x3b, 0x74, 0x0a, 0xe9, 0x3b, 0x31, 0x0a]);
    expect(await reportsOf(new CsvConverter({ encoding: 'iso-8859-2' }), bytes)).toMatchObject([{ s: 'é', t: '1' }]);
    expect((await failureOf(new CsvConverter({ encoding: 'klingon' }), bytes)).message).toContain("'klingon'");
  });

  it('is known by name and endings', () => {
    const converter = new CsvConverter({ name: 'line-2', extensions: ['.txt'] });
    expect([converter.name, converter.matchesFile('A.TXT'), converter.matchesFile('a.csv')]).toEqual([
      'line-2',
      true,
      false,
    ]);
    expect(new CsvConverter().matchesFile('in/a.CSV')).toBe(true);
  });
});

describe('CsvConverter, on bad input', () => {
  const mapped = new CsvConverter(STEPS);

  it.each([
    ['a row that is cut', `${HEADER}S1;mo;40;Pow`, 2, 5, '11 cells as in the header'],
    ['a row with more cells', `${HEADER}S1;;;;T;1;;;;;;x\n`, 2, 12, '11 cells as in the header'],
    ['a value that is no number', `${HEADER}S1;;;;T;abc;V;1;2;;\n`, 2, 6, 'a number such as 3.31'],
    ['a status that is none', `${HEADER}S1;;;;T;1;;;;;maybe\n`, 2, 11, 'a status such as passed'],
    ['a status that objects know', `${HEADER}S1;;;;T;1;;;;;constructor\n`, 2, 11, 'a status such as passed'],
    ['a name that is too long', `${HEADER}S1;;;;${'T'.repeat(101)};1;;;;;\n`, 2, 1, 'text of 1 to 100'],
    ['a step without a name', `${HEADER}\n\nS1;;;;;1;;;;;\n`, 4, 1, 'a name of the step'],
    ['a quote that does not end', `${HEADER}S1;;;;"T;1;;;;;\nS1;;;;T;1;;;;;\n`, 2, 5, 'a quote that ends'],
    ['a quote in the middle', `${HEADER}S1;;;;T"x;1;;;;;\n`, 2, 5, 'quotes around the whole cell'],
    ['text after a quote', `${HEADER}S1;;;;"T"x;1;;;;;\n`, 2, 5, 'a delimiter or a line end'],
    ['nothing', '', 1, 1, 'a header that names the columns'],
    ['another header', 'sn;result\nS1;P\n', 1, 1, "a column 'Serial' among 'sn', 'result'"],
    ['two columns of a name', 'Serial;Serial\n', 1, 2, 'each column to have a name of its own'],
  ])('%s: line, column and what was expected', async (_what, text, line, column, expected) => {
    const error = await failureOf(mapped, text, { name: 'a.csv' });
    expect(error).toMatchObject({ line, column });
    expect(error.message).toMatch(/^a\.csv at line/);
    expect(error.message).toContain(expected);
    if (error.expected !== undefined) expect(error.expected).toContain(expected);
  });

  it('names a limit that an operator lacks, also where the status is given', async () => {
    const step = { name: 'test', value: 'value', lowLimit: 'low', compOp: 'op', status: 'status' };
    const converter = new CsvConverter({ report: { sn: 'sn' }, step, defaults: DEFAULTS });
    const header = 'sn;test;value;low;op;status\n';
    expect(await failureOf(converter, `${header}S1;T;1;2;GELE;F\n`)).toMatchObject({
      line: 2,
      expected: 'two limits for GELE',
    });
    expect(await failureOf(converter, `${header}S1;T;1;;>;F\n`)).toMatchObject({ line: 2, expected: 'a limit for GT' });
  });

  it('names all that a report lacks at once', async () => {
    const converter = new CsvConverter({ report: { sn: 'sn', pn: 'part' }, step: { name: 'test' } });
    const error = await failureOf(converter, 'sn;part;test\nS1;;T\n', { name: 'a.csv' });
    expect(error.message).toBe(
      "a.csv does not give pn (in 'part'), rev, processCode, location, purpose, start: expected in the file or in the option 'defaults'",
    );
  });

  it('refuses a file that is too big for the memory', async () => {
    expect((await failureOf(new CsvConverter({ maxBytes: 10 }), 'sn;result\nS1;P\n')).message).toContain('at most 10');
  });

  it.each<[string, CsvConverterOptions]>([
    ['delimiter is empty', { delimiter: '' }],
    ['quote must be one character', { quote: "''" }],
    ['columns must name', { header: false }],
    ['counted from 1', { header: 0 }],
    ['give step or measurements', { step: { name: 'a' }, measurements: [] }],
    ['map makes the reports alone', { step: { name: 'a' }, map: () => [] }],
    ['report has no field serial', { report: { serial: 'a' } as never }],
    ['a step has no field low', { step: { name: 'a', low: 'b' } as never }],
  ])('options that cannot be: %s', (message, options) => {
    expect(() => new CsvConverter(options)).toThrow(ConverterConfigError);
    expect(() => new CsvConverter(options)).toThrow(message);
  });
});

describe('detectDelimiter', () => {
  it.each([
    ['a;b,5\n1;2,5\n', ';'],
    ['a\tb\n1\t2\n', '\t'],
    ['a,b\n1,2\n', ','],
    ['a|b;\n1|2\n3|4\n', '|'],
    ['"a;b",c\n"1;2",3\n', ','],
    ['a\nb\n', ','],
    ['', ','],
  ])('%j is separated by %j', (text, delimiter) => {
    expect(detectDelimiter(text)).toBe(delimiter);
  });
});

it('what is made is a report that could have been built by hand', async () => {
  const built = new UutReport({ ...DEFAULTS, sn: 'S1', machineName: 'station' });
  built.root.numeric({ name: 'VCC', value: 3, unit: 'V', compOp: 'GELE', lowLimit: 1, highLimit: 4 });
  const converter = new CsvConverter({
    report: { sn: 'sn' },
    step: { name: 'test', value: 'value', unit: 'unit', lowLimit: 'low', highLimit: 'high' },
    defaults: DEFAULTS,
  });
  expect(await reportsOf(converter, 'sn,test,value,unit,low,high\nS1,VCC,3,V,1,4\n')).toEqual([built.toWsjf()]);
});
