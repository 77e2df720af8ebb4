import { describe, expect, it } from 'vitest';
import { clockSkew } from '../../../src/submit/clock-skew.js';

const noon = Date.parse('2026-02-13T12:00:00Z');
const answer = (date: number, more: Record<string, string> = {}): Headers =>
  new Headers({ date: new Date(date).toUTCString(), ...more });

describe('clockSkew', () => {
  it('is how far our clock is ahead of the server, or behind it', () => {
    expect(clockSkew(answer(noon), noon + 90_000, noon + 90_200)).toBe(89_000);
    expect(clockSkew(answer(noon), noon - 90_200, noon - 90_000)).toBe(-90_000);
  });

  it('is 0 where a slow answer or whole seconds explain it', () => {
    expect(clockSkew(answer(noon), noon - 20_000, noon + 10_000)).toBe(0);
    expect(clockSkew(answer(noon), noon + 999, noon + 999)).toBe(0);
  });

  it('is unknown without a date, and from a cache', () => {
    expect(clockSkew(new Headers(), noon, noon)).toBeUndefined();
    expect(clockSkew(new Headers({ date: 'soon' }), noon, noon)).toBeUndefined();
    expect(clockSkew(answer(noon, { age: '86400' }), noon, noon)).toBeUndefined();
  });
});
