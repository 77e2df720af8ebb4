import { describe, expect, it } from 'vitest';
import {
  checkAgainstDisk,
  completePolicy,
  policyFor,
  type RetentionPolicy,
} from '../../../../src/archive/retention/policy.js';
import { ConfigError } from '../../../../src/errors.js';

function problems(policy: unknown): string[] {
  try {
    completePolicy(policy as RetentionPolicy);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigError);
    return (thrown as ConfigError).problems.map(problem => `${problem.path}: ${problem.message}`);
  }
  return [];
}

describe('a retention policy', () => {
  it('is completed with 90 days and 10 GiB', () => {
    expect(completePolicy({ converterName: 'csv', enabled: true })).toEqual({
      converterName: 'csv',
      retentionDays: 90,
      maxSizeGb: 10,
      minFreeBytes: 0,
      keepLast: 0,
      compressionLevel: 6,
      enabled: true,
      purgeEverything: false,
    });
  });

  it.each([
    ['nothing but a name', { converterName: 'csv' }, /^policy: says nothing/],
    ['nothing at all', {}, /^policy: says nothing/],
    ['a name that is none', { converterName: '', retentionDays: 1 }, /converterName: must be the name/],
    ['no object', null, /must be an object/],
    ['an unknown field', { converterName: 'csv', retention_days: 3 }, /retention_days: is not a field/],
    ['a negative number', { converterName: 'csv', retentionDays: -1 }, /retentionDays: must be a number from 0/],
    ['no number', { converterName: 'csv', maxSizeGb: '10' }, /maxSizeGb: must be a number from 0/],
    ['NaN', { converterName: 'csv', maxSizeGb: Number.NaN }, /maxSizeGb: must be a number from 0/],
    ['half an entry', { converterName: 'csv', keepLast: 1.5 }, /keepLast: must be a whole number/],
    ['a level that gzip does not have', { converterName: 'csv', compressionLevel: 10 }, /compressionLevel/],
    ['enabled with a word', { converterName: 'csv', enabled: 'yes' }, /enabled: must be true or false/],
    [
      'rules that never purge',
      { converterName: 'csv', retentionDays: Infinity, maxSizeGb: Infinity },
      /could never purge/,
    ],
    ['0 days', { converterName: 'csv', retentionDays: 0 }, /retentionDays: of 0 would purge everything/],
    ['0 GiB', { converterName: 'csv', maxSizeGb: 0 }, /maxSizeGb: of 0 would purge everything/],
    ['all and some', { converterName: 'csv', retentionDays: 0, purgeEverything: true, keepLast: 1 }, /keepLast: keeps/],
    ['all and none', { converterName: 'csv', enabled: false, purgeEverything: true }, /enabled: is false while/],
  ])('with %s is refused', (_, policy, words) => {
    expect(problems(policy).join('\n')).toMatch(words);
  });

  it('names every problem at once', () => {
    expect(problems({ converterName: '', retentionDays: -1, keepLast: 0.5, unheardOf: 1 })).toHaveLength(4);
  });

  it('that would purge everything holds when it is asked for twice', () => {
    expect(problems({ converterName: 'csv', retentionDays: 0, purgeEverything: true })).toEqual([]);
    expect(problems({ converterName: 'csv', maxSizeGb: 0, purgeEverything: true })).toEqual([]);
  });

  it('of 0 days that keeps the newest ones is a rule like any other', () => {
    expect(problems({ converterName: 'csv', retentionDays: 0, keepLast: 100 })).toEqual([]);
  });

  it('that wants more free space than the disk has is refused', () => {
    const policy = completePolicy({ converterName: 'csv', minFreeBytes: 1_000 });
    expect(() => checkAgainstDisk(policy, 1_000)).toThrow(/the whole disk has 1000 bytes/);
    checkAgainstDisk(policy, 1_001);
    checkAgainstDisk({ ...policy, purgeEverything: true }, 1_000);
  });

  it("is a converter's own, else the default that was set, else the built-in one", () => {
    const own = completePolicy({ converterName: 'csv', retentionDays: 5 });
    const others = completePolicy({ converterName: '*', retentionDays: 7 });
    const policies = new Map([own, others].map(policy => [policy.converterName, policy]));
    expect(policyFor(policies, 'csv').retentionDays).toBe(5);
    expect(policyFor(policies, 'xml')).toMatchObject({ converterName: 'xml', retentionDays: 7 });
    expect(policyFor(new Map(), 'xml')).toMatchObject({ converterName: 'xml', retentionDays: 90, maxSizeGb: 10 });
  });
});
