import { describe, expect, it } from 'vitest';
import { checkDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery-options.js';
import { doneFileProblem, parseDoneFile } from '../../../src/discovery/done-file.js';
import { fileFilter } from '../../../src/discovery/file-filter.js';

const taken = (options: DiscoveryOptions, platform: NodeJS.Platform, ...paths: string[]): string[] => {
  const filter = fileFilter(options, platform);
  return paths.filter(path => filter(path) === undefined);
};

describe('a filter', () => {
  it('takes globs, regular expressions and functions, one or several', () => {
    const paths = ['a.csv', 'b.xml', 'c.txt', 'sub/d.csv'];
    expect(taken({ include: '*.csv' }, 'linux', ...paths)).toEqual(['a.csv']);
    expect(taken({ include: /^[ab]\./ }, 'linux', ...paths)).toEqual(['a.csv', 'b.xml']);
    expect(taken({ include: path => path.startsWith('c') }, 'linux', ...paths)).toEqual(['c.txt']);
    expect(taken({ recursive: true, include: ['**/*.csv', /xml$/] }, 'linux', ...paths)).toEqual([
      'a.csv',
      'b.xml',
      'sub/d.csv',
    ]);
  });

  it('lets exclude win over include', () => {
    expect(taken({ include: '*', exclude: [/^a/, 'b*'] }, 'linux', 'a.csv', 'b.csv', 'c.csv')).toEqual(['c.csv']);
  });

  it('asks a regular expression with a memory anew for each file', () => {
    expect(taken({ include: /a/g }, 'linux', 'a1', 'a2', 'a3', 'a4')).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it.each<[NodeJS.Platform, string[]]>([
    ['linux', ['a.csv']],
    ['win32', ['a.csv', 'B.CSV']],
    ['darwin', ['a.csv', 'B.CSV']],
  ])('matches the case of globs as file names do on %s', (platform, expected) => {
    expect(taken({ include: '*.csv' }, platform, 'a.csv', 'B.CSV')).toEqual(expected);
    const rest = ['a.csv', 'B.CSV'].filter(name => !expected.includes(name));
    expect(taken({ exclude: '*.csv' }, platform, 'a.csv', 'B.CSV')).toEqual(rest);
  });

  it('takes only files between minDepth and maxDepth', () => {
    const paths = ['0.csv', 'a/1.csv', 'a/b/2.csv', 'a/b/c/3.csv'];
    expect(taken({ recursive: true, minDepth: 1, maxDepth: 2 }, 'linux', ...paths)).toEqual(['a/1.csv', 'a/b/2.csv']);
    expect(taken({}, 'linux', ...paths)).toEqual(['0.csv']);
    expect(fileFilter({ recursive: true, minDepth: 1 })('0.csv')).toContain('minDepth is 1');
    expect(fileFilter({ recursive: true, maxDepth: 0 })('a/1.csv')).toContain('maxDepth is 0');
  });

  it('refuses what lies in a hidden folder, by whatever way it was heard of', () => {
    expect(fileFilter({ recursive: true })('a/.git/config.csv')).toContain('hidden folder');
  });
});

describe('options that cannot be', () => {
  it.each<[string, DiscoveryOptions]>([
    ['minDepth', { recursive: true, minDepth: 3, maxDepth: 2 }],
    ['minDepth', { minDepth: 1 }],
    ['maxDepth', { maxDepth: 1 }],
    ['include', { include: [1 as never] }],
    ['exclude', { exclude: '' }],
    ['doneFile', { doneFile: '{name}' }],
    ['doneFile', { doneFile: 'sub/{name}.ready' }],
    ['doneFile', { doneFile: '{file}.ready' }],
    ['sentinel', { sentinel: '../x' }],
    ['readyWhen', { readyWhen: true as never }],
    ['tooSmall', { tooSmall: 'never' as never, minSizeBytes: 1 }],
    ['tooSmall', { tooSmall: 'skip' }],
  ])('%s of %j', (key, options) => {
    const problems: string[] = [];
    checkDiscovery(options, path => problems.push(path));
    expect(problems).toEqual([key]);
  });

  it('are told all at once, and good ones are no problem', () => {
    const problems: string[] = [];
    checkDiscovery({ minDepth: 1, doneFile: '', sentinel: '' }, path => problems.push(path));
    expect(problems.sort()).toEqual(['doneFile', 'minDepth', 'sentinel']);
    checkDiscovery(
      {
        recursive: true,
        minDepth: 1,
        maxDepth: 2,
        doneFile: '{stem}.ok',
        sentinel: '.mounted',
        tooSmall: 'fail',
        minSizeBytes: 1,
      },
      path => problems.push(`no: ${path}`),
    );
    expect(problems).toHaveLength(3);
  });
});

describe('a done-file', () => {
  it.each([
    ['{name}.ready', 'x/a.csv', 'x/a.csv.ready'],
    ['{stem}.done', 'x/a.b.csv', 'x/a.b.done'],
    ['ok-{name}', 'a.csv', 'ok-a.csv'],
    ['READY', 'x/a.csv', 'x/READY'],
  ])('%s of %s is %s, which is no data', (pattern, path, marker) => {
    const doneFile = parseDoneFile(pattern);
    expect(doneFile.markerOf(path).replaceAll('\\', '/')).toBe(marker);
    expect(doneFile.isMarker(marker)).toBe(true);
    expect(doneFile.isMarker(path)).toBe(false);
    expect(doneFileProblem(pattern)).toBeUndefined();
  });
});
