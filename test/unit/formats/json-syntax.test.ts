import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonProblem } from '../../../src/formats/json-syntax.js';

describe('findJsonProblem', () => {
  it.each([
    ['', 1, 1, 'a value'],
    ['{"a": 1,\n "b" 2}', 2, 6, "':'"],
    ['{"a": 1\n "b": 2}', 2, 2, "',' or '}'"],
    ['[1, 2', 1, 6, "',' or ']'"],
    ['[1,]', 1, 4, 'a value'],
    ['[', 1, 2, "a value or ']'"],
    ['{"a": 1,}', 1, 9, 'a name in double quotes'],
    ['{a: 1}', 1, 2, "a name in double quotes or '}'"],
    ['{"a": 01}', 1, 7, 'a value'],
    ['{"a": "b\n"}', 1, 9, 'an escape such as \\n in place of a control character'],
    ['{"a": "\\x"}', 1, 8, 'an escape such as \\\\ or \\n'],
    ['["abc', 1, 2, 'a string that ends'],
    ['{} {}', 1, 4, 'the end of the file'],
    ['[1}', 1, 3, "',' or ']'"],
  ])('%j', (text, line, column, expected) => {
    expect(findJsonProblem(text)).toEqual({ line, column, expected });
  });

  const engineAccepts = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  };

  it('finds nothing in what the engine accepts, and something in all that it refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.',
      'e5',
      'null',
      'tru',
      ' ',
      '\n',
      '\t',
      'é',
      '\u0001',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(pieces, { maxLength: 12 }).map(parts => parts.join('')),
        ),
        text => {
          expect(findJsonProblem(text) === undefined).toBe(engineAccepts(text));
        },
      ),
      { numRuns: 5000 },
    );
    const mutated = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '}', '\\', 'x'));
    fc.assert(
      fc.property(mutated, ([json, place, change]) => {
        const at = place % (json.length + 1);
        const text = json.slice(0, at) + change + json.slice(at + 1);
        expect(findJsonProblem(text) === undefined).toBe(engineAccepts(text));
      }),
      { numRuns: 5000 },
    );
  });
});
