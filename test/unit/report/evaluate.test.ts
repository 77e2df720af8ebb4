import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../../src/errors.js';
import {
  evaluateLimit,
  evaluateString,
  NUMERIC_OPERATORS,
  parseStatus,
  type WsjfUutReport,
} from '../../../src/report/index.js';
import { hasSamples, numericOf, readSample, stringsOf } from './support.js';

describe('evaluateLimit', () => {
  /** Whether 0, 1 (the low limit), 2, 3 (the high limit) and 4 pass. */
  const PASSES: Record<string, string> = {
    LOG: 'PPPPP',
    EQ: 'FPFFF',
    NE: 'PFPPP',
    GT: 'FFPPP',
    GE: 'FPPPP',
    LT: 'PFFFF',
    LE: 'PPFFF',
    GTLT: 'FFPFF',
    GELE: 'FPPPF',
    GELT: 'FPPFF',
    GTLE: 'FFPPF',
    LTGT: 'PFFFP',
    LEGE: 'PPFPP',
    LTGE: 'PFFPP',
    LEGT: 'PPFFP',
  };

  it.each(Object.entries(PASSES))('%s: below, at, between, at and above its limits', (compOp, expected) => {
    expect([0, 1, 2, 3, 4].map(value => (evaluateLimit(compOp, value, 1, 3) ? 'P' : 'F')).join('')).toBe(expected);
    expect(evaluateLimit(compOp.toLowerCase(), 0, 1, 3)).toBe(expected.startsWith('P'));
  });

  it('knows every operator, and says of EQT that it cannot tell', () => {
    expect([...Object.keys(PASSES), 'EQT'].sort()).toEqual([...NUMERIC_OPERATORS].sort());
    expect(() => evaluateLimit('EQT', 1, 1, null)).toThrow(FileFormatError);
  });

  it('reads the words for what JSON has no number for', () => {
    expect(evaluateLimit('GT', 'Inf', 1, null)).toBe(true);
    expect(evaluateLimit('GE', '-inf', 1, null)).toBe(false);
    expect(evaluateLimit('GELE', '+Infinity', 0, 'INF')).toBe(true);
    expect(evaluateLimit('GELE', 5, '-Inf', 'Inf')).toBe(true);
    expect(evaluateLimit('LOG', 'NaN', null, null)).toBe(true);
    const passing = NUMERIC_OPERATORS.filter(op => op !== 'EQT' && evaluateLimit(op, 'NaN', 1, 3));
    expect(passing).toEqual(['LOG', 'NE']);
    expect(evaluateLimit('LTGT', Number.NaN, 1, 3)).toBe(false);
  });

  it('names a limit that is missing, a value that is none and an operator that it does not know', () => {
    expect(() => evaluateLimit('GELE', 1, 0, null)).toThrow(/GELE needs a number as highLimit, and it is null/);
    expect(() => evaluateLimit('LT', 1, undefined, 2)).toThrow(/LT needs a number as lowLimit, and it is missing/);
    expect(() => evaluateLimit('EQ', '1,5', 0, null)).toThrow(/needs a number as value, and it is "1,5"/);
    expect(() => evaluateLimit('BETWEEN', 1, 0, 2)).toThrow(FileFormatError);
  });

  it.skipIf(!hasSamples)('agrees with the server on all 108 numeric measurements of its export', () => {
    const measurements = numericOf((readSample('uut-wsjf-export.json') as WsjfUutReport).root);
    expect(measurements).toHaveLength(108);
    const wrong = measurements.filter(
      ({ compOp, value, lowLimit, highLimit, status }) =>
        evaluateLimit(compOp, value, lowLimit, highLimit) !== (status === 'P'),
    );
    expect(wrong).toEqual([]);
    expect(new Set(measurements.map(one => one.status))).toEqual(new Set(['P', 'F']));
  });
});

describe('evaluateString', () => {
  it('compares with and without regard to the case of letters', () => {
    expect(evaluateString('CASESENSIT', 'Abc', 'Abc')).toBe(true);
    expect(evaluateString('EQ', 'Abc', 'abc')).toBe(false);
    expect(evaluateString('NE', 'Abc', 'abc')).toBe(true);
    expect(evaluateString('IgnoreCase', 'ABC', 'abc')).toBe(true);
    expect(evaluateString('IGNORECASE', 'ABC', 'abd')).toBe(false);
    expect(evaluateString('LOG', 'anything')).toBe(true);
  });

  it('names an operator for numbers and a limit that is missing', () => {
    expect(() => evaluateString('GELE', 'a', 'b')).toThrow(/'GELE' is no operator for text/);
    expect(() => evaluateString('EQ', 'a', null)).toThrow(FileFormatError);
  });

  it.skipIf(!hasSamples)('agrees with the server on the texts of its exports', () => {
    const roots = ['uut-wsjf-export.json', 'new_report_example.json'].map(
      name => (readSample(name) as WsjfUutReport).root,
    );
    const measurements = roots.flatMap(stringsOf);
    expect(measurements).toHaveLength(30);
    for (const { compOp, value, limit, status } of measurements) {
      expect(evaluateString(compOp, value, limit), `${value} ${compOp} ${limit}`).toBe(status === 'P');
    }
  });
});

describe('parseStatus', () => {
  it('reads the words that testers write', () => {
    const words = [
      'P',
      'passed',
      'OK',
      'Success',
      'F',
      'Failure',
      'NG',
      'skip',
      'Completed',
      'ERR',
      'abort',
      ' Terminated ',
    ];
    expect(words.map(parseStatus).join('')).toBe('PPPPFFFSDETT');
    expect(() => parseStatus('maybe')).toThrow(/'maybe' is no status/);
  });
});
