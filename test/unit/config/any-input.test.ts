/** Whatever stands in a file, it is loaded or refused with a ConfigError that says where. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPath, parseDocument } from '../../../src/config/document.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { ConfigError } from '../../../src/errors.js';
import { amount } from '../../support/effort.js';

const KEYS = [
  ['converters', 'defaults', 'submitter', 'pending', 'converter', 'data_dir', 'dataDir', 'startup_scan', 'ledger'],
  [
    'watch_folder',
    'module_path',
    'name',
    'priority',
    'settings',
    'enabled',
    'headers',
    'retry',
    'include',
    '__proto__',
  ],
].flat();

const json = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, 0, -1, 1e300, '', '$', `\${GONE}`, `\${GONE:-5}`, 'move', 'x'.repeat(300)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 6 })), tie('value'), { maxKeys: 5 }),
  ),
})).value;

async function problemsOf(config: object): Promise<ConfigError['problems']> {
  try {
    await loadConfig(config, { environment: {}, baseDir: '/nowhere' });
    return [];
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigError);
    return (thrown as ConfigError).problems;
  }
}

describe('any configuration', () => {
  it('is loaded or refused, and every problem says where', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...KEYS), json, { maxKeys: 6 }), async config => {
        for (const { path, message } of await problemsOf(config)) {
          expect(path).not.toBe('');
          expect(message).not.toContain('undefined');
        }
      }),
      { numRuns: amount({ quick: 100, usual: 300, soak: 10_000 }) },
    );
  });

  it('as a text is parsed or refused with a line', async () => {
    const text = 'converters:\n  - &one { name: a, module_path: b }\n  - *one\ndata_dir: "x"\n';
    const pieces = fc.array(
      fc.constantFrom(...text, '&a', '*a', '!!js', '{', '}', '[', '\t', '<<: ', '? ', '|\n', '\0'),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(8), pieces, async (at, cut, inserted) => {
        const mutated = text.slice(0, at) + inserted.join('') + text.slice(at + cut);
        const error = await parseDocument(mutated, 'a.yaml').then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(ConfigError);
      }),
      { numRuns: amount({ quick: 100, usual: 500, soak: 10_000 }) },
    );
  });

  it('that would unfold into gigabytes is refused', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 10; level++) {
      const alias = `*a${level - 1}`;
      lines.push(`a${level}: &a${level} [${Array(10).fill(alias).join(', ')}]`);
    }
    await expect(parseDocument(lines.join('\n'), 'bomb.yaml')).rejects.toThrow(ConfigError);
  });
});

it('lines are those of keys, of list items, and of what is above where a key is missing', async () => {
  const { lineOf, value } = await parseDocument('a: 1\nlist:\n  - b: 2\n    c: 3\n  - d: 4\n', 'a.yaml');
  expect(value).toEqual({ a: 1, list: [{ b: 2, c: 3 }, { d: 4 }] });
  const lines = [['a'], ['list'], ['list', 0], ['list', 0, 'c'], ['list', 1, 'd'], ['list', 1, 'gone'], ['gone']];
  expect(lines.map(path => [formatPath(path), lineOf(path)])).toEqual([
    ['a', 1],
    ['list', 2],
    ['list[0]', 3],
    ['list[0].c', 4],
    ['list[1].d', 5],
    ['list[1].gone', 5],
    ['gone', undefined],
  ]);
});
