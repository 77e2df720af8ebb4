/**
 * How long the converters of `millrace/formats` take for files of 9 MB, and for how long they hold up the event loop. By hand,
 * the same text is only taken apart at once: into lines and cells, or into tags.
 */
import process from 'node:process';
import { CsvConverter, JunitXmlConverter, TestStandXmlConverter, WsxfConverter, XmlConverter } from 'millrace/formats';
import { runConverter } from 'millrace/testing';
import { amount, tell } from './support/table.mjs';

const BYTES = amount(9_000_000, 300_000);
const defaults = {
  pn: 'P',
  sn: 'S',
  rev: 'A',
  processCode: 10,
  location: 'L',
  purpose: 'P',
  start: '2026-02-01T08:00:00Z',
};

/** `head`, as many of `part` as it takes, `tail`. */
const filled = (head, part, tail) =>
  Buffer.from(head + part.repeat(Math.ceil((BYTES - head.length - tail.length) / part.length)) + tail);

const prop = (name, type, value) =>
  `<Prop Name='${name}' Type='${type}' Flags='0x0'>\n\t<Value>${value}</Value>\n</Prop>\n`;
const step = `<Value ID='[0]'><Prop Type='TEResult' Flags='0x0'>${prop('Status', 'String', 'Passed')}${prop('Numeric', 'Number', '5')}${prop('Comp', 'String', 'GT')}<Prop Name='Limits' Type='Obj'>${prop('Low', 'Number', '1')}</Prop><Prop Name='TS' Type='Obj'>${prop('StepName', 'String', 'a step')}${prop('StepType', 'String', 'NumericLimitTest')}${prop('TotalTime', 'Number', '0.01')}</Prop></Prop></Value>`;

const FILES = {
  'CSV, a row a step': [
    new CsvConverter({
      step: { name: 'test', value: 'value', unit: 'unit', lowLimit: 'low', highLimit: 'high' },
      defaults,
    }),
    filled('test;value;unit;low;high\n', 'VCC of the main board;3.31;V;3.2;3.4\n', ''),
  ],
  'XML by paths': [
    new XmlConverter({
      steps: [{ at: 'Test', name: '@Name', value: '@Value', lowLimit: '@Low', highLimit: '@High', unit: '@Unit' }],
      defaults,
    }),
    filled('<Log>', '<Test Name="VCC of the main board" Value="3.31" Low="3.2" High="3.4" Unit="V"/>\n', '</Log>'),
  ],
  WSXF: [
    new WsxfConverter(),
    filled(
      '<Reports><Report type="UUT" Start="2026-02-01T08:00:00Z" Result="Passed" SN="S" PN="P" Rev="A" MachineName="M" Location="L" Purpose="P"><Process Code="10"/><Step Name="Main" StepType="SequenceCall" Status="Passed">',
      '<Step Id="3" Group="Main" Name="SingleLog" StepType="ET_NLT" Status="Passed" total_time="0" StepIndex="0" StepCausedUUTFailure="false"><NumericLimit NumericValue="10" Units="A" CompOperator="LOG" Status="Passed" MeasIndex="0" MeasOrderNumber="-1" /></Step>',
      '</Step></Report></Reports>',
    ),
  ],
  TestStand: [
    new TestStandXmlConverter({ defaults }),
    filled(
      `<Reports><Report Type='UUT'><Prop Type='TEResult'>${prop('Status', 'String', 'Passed')}<Prop Name='TS' Type='Obj'>${prop('StepName', 'String', 'Main')}<Prop Name='SequenceCall' Type='Obj'><Prop Name='ResultList' Type='Array'>`,
      step,
      '</Prop></Prop></Prop></Prop></Report></Reports>',
    ),
  ],
  JUnit: [
    new JunitXmlConverter({ defaults }),
    filled(
      '<testsuite name="a">',
      '<testcase name="vcc of the main board" classname="power" time="0.25"/>\n',
      '</testsuite>',
    ),
  ],
};

/** CPU time of this process in ms: what it took, however many others want the machine. */
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** How much there is in it. */
const lines = text => text.split('\n').reduce((cells, line) => cells + line.split(';').length, 0);
const tags = text => [...text.matchAll(/<[^>]*>/g)].length;

const rows = [];
for (const [name, [converter, bytes]] of Object.entries(FILES)) {
  globalThis.gc?.();
  const before = cpu();
  (name.startsWith('CSV') ? lines : tags)(bytes.toString('utf8'));
  const byHand = cpu() - before;
  let longest = 0;
  let turns = 0;
  let running = true;
  const begun = cpu();
  let last = begun;
  const tick = () => {
    const now = cpu();
    longest = Math.max(longest, now - last);
    last = now;
    turns += 1;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  // What the kit does with the reports afterwards is not the converter's.
  const convert = converter.convert.bind(converter);
  converter.convert = async (...given) => {
    try {
      return await convert(...given);
    } finally {
      running = false;
      tick();
    }
  };
  const { status, error, reports } = await runConverter(converter, bytes, { timeoutMs: 600_000 });
  if (status !== 'success') throw error;
  rows.push({
    format: name,
    steps: reports[0].root.steps.length,
    'processor, ms': last - begun,
    'taken apart by hand, ms': byHand,
    'longest stall, ms': longest,
    'turns of the loop': turns,
    'resident, MB': process.memoryUsage().rss / 1e6,
  });
}
tell('formats', `a file of ${BYTES / 1e6} MB of each`, rows);
