import { describe, expect, it } from 'vitest';
import { correlationId, pathKey, reportId } from '../../../src/ledger/report-id.js';

const SERIAL = 'f9ab772816b3f295d35a9ebbd601233a205d1cb4892dc29b29d482b5bfc5a698';
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('the id of a report', () => {
  // Computed with another program. They must never change: a replay after an update would be delivered twice.
  it.each([
    [SERIAL, 'csv', 0, 0, '66ef5764-31e3-54d6-b7c0-ffeb6bd1c398'],
    [SERIAL, 'csv', 1, 0, '3eee7c6f-f5c6-5103-aa89-9ef6ae4ec581'],
    [SERIAL, 'csv', 0, 1, '324c7dcb-77f9-5cd1-98dc-d936dbcf8b8e'],
    [SERIAL, 'CSV', 0, 0, 'e5d6b364-c186-59c9-8569-6f2d57ecd2c1'],
    [EMPTY, 'Prüfling "x"', 12, 0, '36398749-2ac8-5c62-8bf4-29c636780174'],
  ])('of %s by %s, index %i, occurrence %i is %s', (sha256, converter, index, occurrence, expected) => {
    expect(reportId(sha256, converter, index, occurrence)).toBe(expected);
  });
});

describe('the other names that are made from what they name', () => {
  it('never change either', () => {
    expect(correlationId('00000000-0000-4000-8000-000000000000', 7)).toBe('657a76db-dd5d-510a-8b15-73b54bc936ed');
    expect(correlationId('00000000-0000-4000-8000-000000000000', 8)).not.toBe(
      correlationId('00000000-0000-4000-8000-000000000000', 7),
    );
  });

  it('find a path again as the platform compares it', () => {
    expect(pathKey('/watch', 'a.csv')).toBe(pathKey('/watch', 'a.csv'));
    expect(pathKey('/watch', 'a.csv')).not.toBe(pathKey('/watch/a', '.csv'));
    const ignoresCase = process.platform === 'win32' || process.platform === 'darwin';
    expect(pathKey('/watch', 'A.csv') === pathKey('/watch', 'a.csv')).toBe(ignoresCase);
    expect(pathKey('/watch', 'a.csv')).toBeLessThan(2 ** 48);
  });
});
