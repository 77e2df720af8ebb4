import { describe, expect, it } from 'vitest';
import { JunitXmlConverter } from '../../../src/formats/index.js';
import { runConverter } from '../../../src/testing/index.js';
import { DEFAULTS, failureOf, reportsOf } from './support.js';

const { start: _start, ...defaults } = DEFAULTS;
const converter = new JunitXmlConverter({ report: { sn: 'serial_number', miscInfos: { Rack: 'rack' } }, defaults });
const LONG = 'test_that_has_a_name_which_is_'.repeat(5);
const XML = `<?xml version="1.0" encoding="utf-8"?>
<testsuites time="3.5">
  <testsuite name="power" tests="4" timestamp="2026-01-30T22:01:41.5+01:00" hostname="ICT-1" time="2.5">
    <properties><property name="serial_number" value="S1"/><property name="rack"> R1 </property></properties>
    <testcase name="vcc" classname="power" time="0.25"/>
    <testcase name="icc" classname="tests.power.TestCurrent" time="0.5"><failure message="0.9 A > 0.5 A" type="AssertionError">Traceback</failure></testcase>
    <testcase name="vdd" classname="tests.power.TestCurrent"><error type="OSError">no device</error><system-out>noise</system-out></testcase>
    <testcase name="${LONG}"><skipped message="no load"/></testcase>
  </testsuite>
  <testsuite name="outer"><testsuite name="inner"><testcase name="led"/></testsuite></testsuite>
</testsuites>`;

describe('JunitXmlConverter', () => {
  it('makes a report of a file: suites are sequences, cases are steps', async () => {
    const { reports, warnings, error } = await runConverter(converter, XML);
    expect(error).toBeUndefined();
    expect(reports).toMatchObject([
      {
        sn: 'S1',
        result: 'E',
        start: '2026-01-30T22:01:41.5+01:00',
        machineName: 'ICT-1',
        uut: { execTime: 3.5 },
        miscInfos: [{ description: 'Rack', text: 'R1' }],
        root: {
          steps: [
            {
              name: 'power',
              status: 'E',
              totTime: 2.5,
              steps: [
                { name: 'vcc', status: 'P', totTime: 0.25, booleanMeas: [{ status: 'P' }] },
                {
                  name: 'tests.power.TestCurrent',
                  steps: [
                    { name: 'icc', status: 'F', errorMessage: '0.9 A > 0.5 A', reportText: 'Traceback' },
                    { name: 'vdd', status: 'E', errorMessage: 'OSError', reportText: 'no device' },
                  ],
                },
                { name: `…${LONG.slice(-99)}`, status: 'S', errorMessage: 'no load', reportText: LONG },
              ],
            },
            { name: 'outer', steps: [{ name: 'inner', steps: [{ name: 'led', status: 'P' }] }] },
          ],
        },
      },
    ]);
    expect(warnings).toEqual(['1 of <system-out> left out: a report has no place for it']);
  });

  it('takes a single suite, and the serial number out of the name of the file', async () => {
    const byName = new JunitXmlConverter({
      defaults: source => ({ ...DEFAULTS, sn: source.name.split('.')[0] ?? '' }),
    });
    const [report] = await reportsOf(byName, '<testsuite name="a"><testcase name="b"/></testsuite>', {
      name: 'SN-7.xml',
    });
    expect(report).toMatchObject({ sn: 'SN-7', result: 'P', machineName: 'station' });
  });

  it('skips a file without tests', async () => {
    expect(await runConverter(converter, { text: '<testsuites/>' })).toMatchObject({
      status: 'skipped',
      reason: 'there is no test case in it',
    });
  });

  it('says where it is wrong', async () => {
    expect(await failureOf(converter, XML.replace('time="0.5"', 'time="soon"'))).toMatchObject({
      line: 6,
      expected: expect.stringContaining('a number'),
    });
    expect((await failureOf(converter, XML.replace('serial_number', 'other'))).message).toContain(
      "does not give sn (in 'serial_number')",
    );
    expect((await failureOf(converter, '<html/>')).message).toContain('<testsuites> or <testsuite>');
    expect(() => new JunitXmlConverter({ report: { serial: 'a' } as never })).toThrow(/no field serial/);
  });
});
