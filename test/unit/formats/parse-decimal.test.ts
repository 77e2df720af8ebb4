import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../../src/errors.js';
import { parseDecimal } from '../../../src/formats/index.js';

describe('parseDecimal', () => {
  it.each([
    ['3,31', ',', 3.31],
    [' -0,5e-3 ', ',', -0.0005],
    ['1234', ',', 1234],
    ['3.31', '.', 3.31],
    ['+.5', '.', 0.5],
    ['-1.#INF', '.', Number.NEGATIVE_INFINITY],
    ['-nan(ind)', ',', Number.NaN],
    ['1e999', '.', Number.POSITIVE_INFINITY],
  ] as const)('reads %j with the mark %j', (text, decimal, number) => {
    expect(parseDecimal(text, { decimal })).toBe(number);
  });

  it.each([
    ['1.234', ','],
    ['1.234,5', ','],
    ['3,31', '.'],
    ['1,234,5', ','],
    ['', '.'],
    ['3.31 V', '.'],
    ['0x10', '.'],
  ] as const)('refuses %j with the mark %j', (text, decimal) => {
    expect(() => parseDecimal(text, { decimal })).toThrow(FileFormatError);
  });

  it('names the place that it is told', () => {
    const place = { file: 'a.txt', line: 3, column: 7, what: "column 'Value'" };
    expect(() => parseDecimal('3,31', { place })).toThrow(
      expect.objectContaining({
        line: 3,
        column: 7,
        message:
          "a.txt at line 3, column 7 (column 'Value'): expected a number such as 3.31 (see decimal: ','), and it is '3,31'",
      }),
    );
  });
});
