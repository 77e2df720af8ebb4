import { describe, expect, it } from 'vitest';
import { WsxfConverter } from '../../../src/formats/index.js';
import { validateWsjf } from '../../../src/report/index.js';
import { runConverter } from '../../../src/testing/index.js';
import { failureOf, reportsOf } from './support.js';

const REPORT = `<Reports xmlns="http://wats.virinco.com/schemas/WATS/Report/wsxf">
<Report type="UUT" Start="2026-01-30T22:01:41+01:00" Result="Passed" SN="S1" PN="P1" Rev="A" MachineName="M" Location="L" Purpose="P">
<UUT UserLoginName="mo"/><Process Code="10"/><Asset SN="DMM-1" UsageCount="3"/>
<Step Id="1" Group="Main" Name="Main" StepType="SequenceCall" Status="Passed" StepCausedUUTFailure="0">
<Step Id="2" Group="Setup" Name="Log" StepType="Action" Status="Done" Start="2026-01-30T22:01:42+01:00">
<Attachment Name="log.txt" ContentType="text/plain">aGVs
bG8=</Attachment></Step>
<Step Id="3" Group="Cleanup" Name="V" StepType="ET_NLT" Status="Passed"><NumericLimit NumericValue="INF" CompOperator="GT" LowLimit="1" Status="Passed"/></Step>
<Step Id="4" Name="S" StepType="ET_SVT" Status="Passed"><StringValue StringValue="" CompOperator="IgnoreCase" StringLimit="" Status="Passed"/><AdditionalResults/></Step>
</Step></Report></Reports>`;

describe('WsxfConverter', () => {
  it('takes over what WSJF has a place for, and names what it has none for', async () => {
    const { reports, warnings } = await runConverter(new WsxfConverter(), REPORT);
    expect(reports.map(validateWsjf)).toEqual([[]]);
    expect(reports).toMatchObject([
      {
        sn: 'S1',
        startUTC: '2026-01-30T21:01:41.000Z',
        uut: { user: 'mo' },
        assets: [{ sn: 'DMM-1', usageCount: 3 }],
        root: {
          causedUUTFailure: false,
          seqCall: { path: 'Main', name: 'Main' },
          steps: [
            { group: 'S', start: '2026-01-30T22:01:42+01:00', attachment: { name: 'log.txt', data: 'aGVsbG8=' } },
            { group: 'C', numericMeas: [{ value: 'Inf', lowLimit: 1 }] },
            { stringMeas: [{ value: '', limit: '', compOp: 'IGNORECASE' }] },
          ],
        },
      },
    ]);
    expect(warnings).toEqual(['1 of <AdditionalResults> left out: WSJF has no place for it']);
  });

  it('takes several reports of a file', async () => {
    const second = REPORT.slice(REPORT.indexOf('<Report type'), REPORT.indexOf('</Reports>')).replace('"S1"', '"S2"');
    const reports = await reportsOf(new WsxfConverter(), REPORT.replace('</Reports>', `${second}</Reports>`));
    expect(reports.map(({ sn }) => sn)).toEqual(['S1', 'S2']);
  });

  it.each([
    ['a number', 'NumericValue="INF"', 'NumericValue="5V"', 8, 'a number such as 3.31'],
    ['a status', 'Status="Done"', 'Status="Good"', 5, 'a status such as passed'],
    ['a group', 'Group="Setup"', 'Group="Before"', 5, 'Setup, Main or Cleanup'],
    ['an operator', 'CompOperator="GT"', 'CompOperator="OVER"', 8, 'an operator such as LOG'],
    ['a time', '22:01:42', 'later', 5, 'a time such as'],
    ['a name', 'Id="3" Group="Cleanup" Name="V"', 'Id="3"', 8, "attribute 'Name' of <Step>"],
    ['true or false', 'StepCausedUUTFailure="0"', 'StepCausedUUTFailure="no"', 4, 'true or false'],
    ['the report of a test', 'type="UUT"', 'type="UUR"', 2, 'UUT: repairs are not read from WSXF'],
  ])('expects %s', async (_what, from, to, line, expected) => {
    const error = await failureOf(new WsxfConverter(), REPORT.replace(from, to));
    expect(error).toMatchObject({ line });
    expect(error.message).toContain(`expected ${expected}`);
  });

  it('says what a report lacks, and what is no report', async () => {
    expect((await failureOf(new WsxfConverter(), REPORT.replace('PN="P1" Rev="A"', ''))).message).toContain(
      "does not give pn (in 'Report/@PN'), rev (in 'Report/@Rev')",
    );
    expect((await failureOf(new WsxfConverter(), REPORT.replace('LowLimit="1" ', ''))).message).toMatch(
      /at line 8, column 1: step 'V' is not valid: numericMeas\[0\]\.lowLimit is required with GT/,
    );
    expect((await failureOf(new WsxfConverter(), '<Reports/>')).message).toContain('expected a <Report> in it');
    expect((await failureOf(new WsxfConverter(), '<html/>')).message).toContain(
      "expected <Reports> of WSXF, and it is '<html>'",
    );
  });
});
