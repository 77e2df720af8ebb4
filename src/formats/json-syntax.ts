/** Finds where a text stops being JSON: the engine's own message does not always say. */

/** The first place at which a text is no JSON. Line and column count from 1. */
export interface JsonSyntaxProblem {
  line: number;
  column: number;
  /** What should have been there. */
  expected: string;
}

const BLANK = /[ \t\r\n]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** The tokens that end a container. */
const CLOSE = { '{': '}', '[': ']' } as const;

type Awaited = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'comma' | 'end';

/** Where `text` stops being JSON, or `undefined` when it is JSON. */
export function findJsonProblem(text: string): JsonSyntaxProblem | undefined {
  const open: ('{' | '[')[] = [];
  let awaited = 'value' as Awaited;
  let at = 0;
  for (;;) {
    at = skip(BLANK, text, at);
    const inside = open.at(-1);
    const char = text.charAt(at);
    if (awaited === 'end') return char === '' ? undefined : problem(text, at, 'the end of the file');
    if (inside && char === CLOSE[inside] && awaited !== 'value' && awaited !== 'key' && awaited !== 'colon') {
      open.pop();
      at += 1;
      awaited = open.length > 0 ? 'comma' : 'end';
    } else if (awaited === 'comma') {
      if (char !== ',') return problem(text, at, `',' or '${CLOSE[inside ?? '[']}'`);
      at += 1;
      awaited = inside === '{' ? 'key' : 'value';
    } else if (awaited === 'colon') {
      if (char !== ':') return problem(text, at, "':'");
      at += 1;
      awaited = 'value';
    } else if (char === '"') {
      const string = endOfString(text, at);
      if (string.expected) return problem(text, string.at, string.expected);
      at = string.at;
      awaited = awaited === 'key' || awaited === 'first key' ? 'colon' : afterValue(open);
    } else if (awaited === 'key' || awaited === 'first key') {
      return problem(text, at, awaited === 'key' ? 'a name in double quotes' : "a name in double quotes or '}'");
    } else if (char === '{' || char === '[') {
      open.push(char);
      at += 1;
      awaited = char === '{' ? 'first key' : 'first value';
    } else {
      const end = skip(LITERAL, text, at);
      if (end === at) return problem(text, at, awaited === 'value' ? 'a value' : "a value or ']'");
      at = end;
      awaited = afterValue(open);
    }
  }
}

function afterValue(open: readonly unknown[]): Awaited {
  return open.length > 0 ? 'comma' : 'end';
}

/** The place after a string, or the place in it that is wrong. */
function endOfString(text: string, start: number): { at: number; expected?: string } {
  let at = start + 1;
  for (;;) {
    const char = text.charAt(at);
    if (char === '"') return { at: at + 1 };
    if (char === '') return { at: start, expected: 'a string that ends' };
    if (char < ' ') return { at, expected: 'an escape such as \\n in place of a control character' };
    const end = char === '\\' ? skip(ESCAPE, text, at) : at + 1;
    if (end === at) return { at, expected: 'an escape such as \\\\ or \\n' };
    at = end;
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function problem(text: string, at: number, expected: string): JsonSyntaxProblem {
  const lines = text.slice(0, at).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, expected };
}
