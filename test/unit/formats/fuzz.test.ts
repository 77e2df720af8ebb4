/**
 * Broken files of every format: a converter only ever returns, or throws an error of ours, in time. A few variants each
 * time; 10,000 of each format with MILLRACE_SOAK.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import type { AnyConverter } from '../../../src/converters/run-conversion.js';
import {
  CsvConverter,
  JsonConverter,
  JunitXmlConverter,
  TestStandXmlConverter,
  WsjfConverter,
  WsxfConverter,
  XmlConverter,
  ZipConverter,
} from '../../../src/formats/index.js';
import { UutReport, validateWsjf } from '../../../src/report/index.js';
import { fuzzConverter, runConverter } from '../../../src/testing/index.js';
import { hasSamples, samplePath } from '../../support/samples.js';
import { HEADER } from '../report/support.js';
import { DEFAULTS } from './support.js';

const RUNS = process.env.MILLRACE_SOAK ? 10_000 : 60;

const { start: _start, pn: _pn, ...defaults } = DEFAULTS;

const CSV = `Serial;Time;Group;Test;Value;Unit;Min;Max;Result
S1;2026-02-01 08:00:00;Power;"VCC ""main""";3,31;V;3,2;3,4;ok
S1;2026-02-01 08:00:00;Power;ICC;0,9;A;;0,5;NG
S2;2026-02-01 08:01:00;;Firmware;1.2b;;;;
`;
const XML = `<?xml version="1.0" encoding="utf-8"?>
<Log><!-- c --><Head at="2026-02-01T08:00:00Z"><Serial>S1</Serial></Head>
<Group id="Power"><Num id="VCC" low="3" high="3.4">3.31</Num><Str id="FW"><Value><![CDATA[1.2]]></Value><Limit>1.3</Limit></Str></Group>
<Check id="LED &amp; more" ok="True"/></Log>`;
const JUNIT = `<testsuites time="3.5"><testsuite name="power" timestamp="2026-01-30T22:01:41.5+01:00" hostname="ICT-1">
<properties><property name="sn" value="S1"/></properties><testcase name="vcc" classname="power" time="0.25"/>
<testcase name="icc" classname="a.b" time="0.5"><failure message="0.9 &gt; 0.5">Traceback</failure></testcase>
<testcase name="vdd"><error/></testcase><testcase name="x"><skipped/></testcase></testsuite></testsuites>`;

const csv = new CsvConverter({
  decimal: ',',
  report: { sn: 'Serial', start: 'Time' },
  step: {
    name: 'Test',
    sequence: 'Group',
    value: 'Value',
    unit: 'Unit',
    lowLimit: 'Min',
    highLimit: 'Max',
    status: 'Result',
  },
  defaults: DEFAULTS,
});
const xml = new XmlConverter({
  report: { sn: 'Head/Serial', start: 'Head/@at' },
  steps: [
    {
      at: 'Group',
      kind: 'sequence',
      name: '@id',
      steps: [
        { at: 'Num', name: '@id', value: '.', lowLimit: '@low', highLimit: '@high' },
        { at: 'Str', name: '@id', value: 'Value', limit: 'Limit', kind: 'string' },
      ],
    },
    { at: 'Check', name: '@id', value: '@ok', kind: 'passFail' },
  ],
  defaults: DEFAULTS,
});

const WSXF = `<Reports xmlns="http://wats.virinco.com/schemas/WATS/Report/wsxf"><Report type="UUT" Start="2026-01-30T22:01:41+01:00"
Result="Failed" SN="S1" PN="P1" Rev="A" MachineName="M" Location="L" Purpose="P"><UUT UserLoginName="mo"/><Process Code="10"/>
<Step Id="1" Group="Main" Name="Main" StepType="SequenceCall" Status="Failed"><SequenceCall Name="M" Filepath="a.seq"/>
<Step Id="2" Name="V" StepType="ET_NLT" Status="Failed" total_time="0.5"><NumericLimit NumericValue="5" CompOperator="GELE" LowLimit="1"
HighLimit="4" Status="Failed"/></Step></Step></Report></Reports>`;
const prop = (name: string, type: string, content: string) =>
  `<Prop Name='${name}' Type='${type}'>${type === 'Obj' || type === 'Array' ? content : `<Value>${content}</Value>`}</Prop>`;
const result = (name: string, more: string) =>
  `<Prop Type='TEResult'>${prop('Status', 'String', 'Passed')}${more.replace('@', prop('StepName', 'String', name))}</Prop>`;
const TESTSTAND = `<Reports><Report Type='UUT'>${prop('UUT', 'Obj', prop('SerialNumber', 'String', 'S1'))}
${prop('StartDate', 'Obj', ['Year', 'Month', 'MonthDay'].map(name => prop(name, 'Number', '12')).join(''))}
${result('Main', prop('TS', 'Obj', `@${prop('SequenceCall', 'Obj', prop('ResultList', 'Array', `<Value ID='[0]'>${result('V', prop('Numeric', 'Number', '5') + prop('TS', 'Obj', '@'))}</Value>`))}`))}
</Report></Reports>`;

/** The start of a real file beside one that is always there: it has more to break than anybody would write. */
async function withReal(small: string, name: string): Promise<Uint8Array[]> {
  const real = hasSamples ? [await readFile(samplePath(name))] : [];
  return [Buffer.from(small), ...real, ...real.map(whole => whole.subarray(0, 12_000))];
}

async function zipped(): Promise<Uint8Array> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(CSV), 'in/a.csv');
  zip.addBuffer(Buffer.from(CSV), 'b.csv', { compress: false });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What succeeds is a report that a server takes. */
const check = (reports: readonly unknown[]): void => expect(reports.flatMap(validateWsjf)).toEqual([]);

describe.sequential('fuzz', () => {
  const cases: [name: string, converter: AnyConverter, samples: () => Promise<Uint8Array[]>, checked: boolean][] = [
    ['CSV, a row a step', csv, async () => [Buffer.from(CSV)], true],
    ['CSV, plain', new CsvConverter(), async () => [Buffer.from(CSV), Buffer.from(`\ufeff${CSV}`, 'utf16le')], false],
    ['XML by paths', xml, async () => [Buffer.from(XML)], true],
    ['WSXF', new WsxfConverter(), () => withReal(WSXF, 'pyWATS/uut-wsxf-export.xml'), true],
    [
      'TestStand',
      new TestStandXmlConverter({ defaults: { ...defaults, pn: 'P' } }),
      () => withReal(TESTSTAND, 'TestStand-XML-Converter/Examples/TSWithWats.xml'),
      true,
    ],
    [
      'JUnit',
      new JunitXmlConverter({ report: { sn: 'sn' }, defaults: { ...defaults, pn: 'P' } }),
      async () => [Buffer.from(JUNIT)],
      true,
    ],
    [
      'WSJF',
      new WsjfConverter(),
      () => withReal(JSON.stringify(new UutReport(HEADER).toWsjf()), 'pyWATS/uur_example.json'),
      true,
    ],
    [
      'JSON',
      new JsonConverter(),
      async () => [Buffer.from('{"a": [1, -2.5e3, "\\u00b5\\n", null, true], "b": {"c": {}}}')],
      false,
    ],
    ['ZIP', new ZipConverter({ converter: csv }), async () => [await zipped()], true],
  ];

  it.each(cases)(
    '%s',
    async (name, converter, samples, checked) => {
      const files = await samples();
      for (const file of files.slice(0, 1))
        expect(await runConverter(converter, file)).toMatchObject({ status: 'success' });
      const { runs, outcomes, slowestMs } = await fuzzConverter(converter, files, {
        runs: RUNS,
        seed: 20_260_201,
        timeLimitMs: 20_000,
        ...(checked ? { check } : {}),
      });
      expect(runs).toBe(RUNS);
      if (process.env.MILLRACE_SOAK)
        process.stdout.write(`${name}: ${JSON.stringify(outcomes)}, slowest ${slowestMs.toFixed(0)} ms\n`);
    },
    600_000,
  );
});
