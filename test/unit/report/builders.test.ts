import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../../src/errors.js';
import { UurReport, UutReport, type UutReportOptions, validateWsjf } from '../../../src/report/index.js';
import { HEADER, stepsOf } from './support.js';

const build = (options: Partial<UutReportOptions> = {}) => new UutReport({ ...HEADER, ...options });

describe('UutReport', () => {
  it('builds every kind of step', () => {
    const report = build({ uut: { user: 'mo', execTime: 1.5 } });
    const { root } = report;
    root.numeric({ name: 'n', value: 3, unit: 'V', compOp: 'GELE', lowLimit: 1, highLimit: 4 });
    root.multiNumeric({
      name: 'mn',
      measurements: [
        { name: 'a', value: Number.NaN },
        { name: 'b', value: -Infinity },
      ],
    });
    root.passFail({ name: 'pf', status: true });
    root.multiPassFail({
      name: 'mpf',
      measurements: [
        { name: 'a', status: true },
        { name: 'b', status: 'ok' },
      ],
    });
    root.string({ name: 's', value: 'x', compOp: 'IGNORECASE', limit: 'X' });
    root.multiString({
      name: 'ms',
      measurements: [
        { name: 'a', value: 'x' },
        { name: 'b', value: 'y' },
      ],
    });
    root.chart({
      name: 'c',
      chart: { label: 'I', xUnit: 's', series: [{ name: 'i', x: [0, 1], y: [0.5, Infinity] }] },
    });
    root.action({ name: 'act', attachment: { name: 'log.txt', data: Buffer.from('hello') }, totTime: 2 });
    root.step({ name: 'exe', stepType: 'CallExecutable', callExe: { exitCode: 3 }, group: 'C' });
    root.sequence({ name: 'inner', path: 'a.seq', version: '2' }).passFail({ name: 'deep', status: true });

    const wsjf = report.toWsjf();
    expect(validateWsjf(wsjf)).toEqual([]);
    expect(wsjf).toMatchObject({ type: 'T', result: 'P', uut: { user: 'mo', execTime: 1.5 } });
    const steps = stepsOf(wsjf.root);
    expect(steps.map(step => step.id)).toEqual(steps.map((_, index) => index + 1));
    expect(steps.slice(1)).toMatchObject([
      {
        stepType: 'ET_NLT',
        group: 'M',
        status: 'P',
        numericMeas: [{ name: null, value: 3, unit: 'V', compOp: 'GELE', lowLimit: 1, highLimit: 4, status: 'P' }],
      },
      {
        stepType: 'ET_MNLT',
        numericMeas: [
          { name: 'a', value: 'NaN' },
          { name: 'b', value: '-Inf', compOp: 'LOG' },
        ],
      },
      { stepType: 'ET_PFT', booleanMeas: [{ name: null, status: 'P' }] },
      {
        stepType: 'ET_MPFT',
        booleanMeas: [
          { name: 'a', status: 'P' },
          { name: 'b', status: 'P' },
        ],
      },
      { stepType: 'ET_SVT', stringMeas: [{ value: 'x', compOp: 'IGNORECASE', limit: 'X', status: 'P' }] },
      {
        stepType: 'ET_MSVT',
        stringMeas: [
          { name: 'a', value: 'x' },
          { name: 'b', value: 'y' },
        ],
      },
      {
        stepType: 'WATS_XYGMNLT',
        chart: {
          chartType: 'Line',
          label: 'I',
          xUnit: 's',
          series: [{ dataType: 'XYG', xdata: '0;1', ydata: '0.5;Inf' }],
        },
      },
      {
        stepType: 'Action',
        status: 'D',
        totTime: 2,
        attachment: { name: 'log.txt', contentType: 'application/octet-stream', data: 'aGVsbG8=' },
      },
      { stepType: 'CallExecutable', group: 'C', callExe: { exitCode: 3 } },
      { stepType: 'SequenceCall', name: 'inner', seqCall: { path: 'a.seq', name: 'inner', version: '2' } },
      { name: 'deep', status: 'P' },
    ]);
    expect(steps[1]).not.toHaveProperty('value');
  });

  it('lets a failure fail all that is around it, and nothing beside it', () => {
    const report = build();
    const bad = report.root.sequence({ name: 'bad' });
    const good = report.root.sequence({ name: 'good' });
    const inner = bad.sequence({ name: 'inner' });
    expect(inner.numeric({ name: 'n', value: 5, compOp: 'LE', lowLimit: 4 }).status).toBe('F');
    good.passFail({ name: 'p', status: true });
    good.step({ name: 's', stepType: 'Action', status: 'skipped' });
    expect([inner, bad, good, report.root].map(sequence => sequence.status)).toEqual(['F', 'F', 'P', 'F']);
    expect(report.result).toBe('F');
    good.action({ name: 'e', status: 'error' });
    expect([good.status, bad.status, report.result]).toEqual(['E', 'F', 'E']);
    inner.passFail({ name: 'later', status: false });
    expect(report.result).toBe('E');
  });

  it('takes the worst of several measurements, and a result that is worse than its steps', () => {
    const report = build({ result: 'Terminated' });
    const measurements = [
      { name: 'a', value: 1, compOp: 'EQ', lowLimit: 1 },
      { name: 'b', value: 1, compOp: 'EQ', lowLimit: 2 },
    ] as const;
    const step = report.root.multiNumeric({ name: 'm', measurements });
    expect(step.numericMeas?.map(one => one.status)).toEqual(['P', 'F']);
    expect([step.status, report.root.status, report.result]).toEqual(['F', 'T', 'T']);
  });

  it('computes nothing in import mode', () => {
    const report = build({ mode: 'import', result: 'P' });
    const sequence = report.root.sequence({ name: 'q', status: 'P' });
    sequence.numeric({ name: 'n', value: 5, compOp: 'LE', lowLimit: 4, status: 'passed' });
    sequence.passFail({ name: 'f', status: false });
    const statuses = stepsOf(report.toWsjf().root).map(step => step.status);
    expect([...statuses, report.result].join('')).toBe('PPPFP');
    expect(() => sequence.numeric({ name: 'n', value: 5 })).toThrow(/no status.*import mode/);
    expect(() => sequence.sequence({ name: 'n' })).toThrow(FileFormatError);
    expect(() => build({ mode: 'import' })).toThrow(/no result/);
    expect(() => build({ result: 'perhaps' })).toThrow(FileFormatError);
  });

  it('takes the given status where it cannot evaluate', () => {
    const { root } = build();
    expect(root.numeric({ name: 'n', value: 1, compOp: 'EQT', lowLimit: 1, status: 'F' }).status).toBe('F');
    expect(() => root.numeric({ name: 'n', value: 1, compOp: 'EQT', lowLimit: 1 })).toThrow(/give the status/);
  });

  it('writes the start with its offset and in UTC', () => {
    expect(build().toWsjf()).toMatchObject({
      start: '2026-01-30T22:01:41.4707353+01:00',
      startUTC: '2026-01-30T21:01:41.4707353Z',
    });
    const date = new Date('2026-07-01T12:00:00.250Z');
    const { start, startUTC } = build({ start: date }).toWsjf();
    expect(startUTC).toBe('2026-07-01T12:00:00.250Z');
    expect(start).toMatch(/[+-]\d\d:\d\d$/);
    expect(new Date(start)).toEqual(date);
    const local = build({ start: '2026-01-30T22:01:41' }).toWsjf();
    expect(local.start.slice(0, 19)).toBe('2026-01-30T22:01:41');
    expect(new Date(local.start)).toEqual(new Date('2026-01-30T22:01:41'));
    expect(() => build({ start: 'yesterday' })).toThrow(FileFormatError);
  });

  it('adds sub-units, facts and equipment', () => {
    const report = build({ id: '33a2d408-3fc8-480b-b554-6866c77fd91c' })
      .addSubUnit({ pn: 'SUB', sn: '1', position: 2 })
      .addMiscInfo('Humidity', 40)
      .addMiscInfo('Fixture', 'F-1')
      .addMiscInfo('Factor', 0.5)
      .addAsset({ sn: 'DMM-1', usageCount: 1 });
    expect(report.toWsjf()).toMatchObject({
      id: '33a2d408-3fc8-480b-b554-6866c77fd91c',
      subUnits: [{ partType: 'Unknown', pn: 'SUB', sn: '1', position: 2 }],
      miscInfos: [
        { description: 'Humidity', numeric: 40 },
        { description: 'Fixture', text: 'F-1' },
        { description: 'Factor', text: '0.5' },
      ],
      assets: [{ sn: 'DMM-1', usageCount: 1 }],
    });
  });

  it('names everything that is wrong when it is written', () => {
    const report = build({ sn: '', result: 'skipped' });
    report.root.action({ name: '' });
    expect(() => report.toWsjf()).toThrow(FileFormatError);
    expect(() => report.toWsjf()).toThrow(/sn must .*; result must .*; root\.steps\[0\]\.name must/);
    expect(() =>
      build().root.chart({ name: 'c', chart: { label: 'l', series: [{ name: 's', x: [1], y: [] }] } }),
    ).toThrow(/1 x and 0 y/);
  });

  it('gives a copy, which later steps do not change', () => {
    const report = build();
    const before = report.toWsjf();
    report.root.action({ name: 'a' });
    expect(before.root.steps).toEqual([]);
  });
});

describe('UurReport', () => {
  const repair = () =>
    new UurReport({
      ...HEADER,
      processCode: 500,
      uur: {
        processCode: 10,
        refUUT: '873d67f8-7669-4f4b-a627-e598e444d323',
        user: 'mo',
        confirmDate: '2026-01-30T23:00:00Z',
      },
    });

  it('holds the unit, its parts and what was broken in each', () => {
    const report = repair();
    const board = report.addSubUnit({ pn: 'PCBA', sn: 'B1', partType: 'PCBA' });
    const chip = report.addSubUnit({ pn: 'CHIP', sn: 'C1' }, board);
    report.addFailure({ category: 'Component', code: 'Burned', comRef: 'U1' }, chip);
    report.addFailure({ category: 'Case', code: 'Scratch', refStepId: 5 });
    report.addAttachment({ name: 'photo.jpg', contentType: 'image/jpeg', data: new Uint8Array([1, 2, 3]) });
    const wsjf = report.toWsjf();
    expect(validateWsjf(wsjf)).toEqual([]);
    expect(wsjf).toMatchObject({
      type: 'R',
      result: 'P',
      processCode: 500,
      uur: { processCode: 10, user: 'mo', confirmDate: '2026-01-30T23:00:00Z' },
      subUnits: [
        { idx: 0, pn: 'PART-1', sn: 'S1', rev: 'A', failures: [{ code: 'Scratch', refStepId: 5 }] },
        { idx: 1, parentIdx: 0, partType: 'PCBA' },
        { idx: 2, parentIdx: 1, partType: 'Unknown', failures: [{ code: 'Burned' }] },
      ],
      binaryData: [{ name: 'photo.jpg', contentType: 'image/jpeg', data: 'AQID' }],
    });
    expect(wsjf).not.toHaveProperty('root');
  });

  it('refuses a failure of a part that it does not have', () => {
    expect(() => repair().addFailure({ category: 'c', code: 'd' }, 4)).toThrow(/no sub-unit with idx 4/);
  });
});
