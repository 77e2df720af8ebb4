import { describe, expect, it } from 'vitest';
import { type ForecastInput, forecast } from '../../../../src/archive/retention/forecast.js';
import { completePolicy, type RetentionPolicy } from '../../../../src/archive/retention/policy.js';
import { DAY_MS, NOW } from './support.js';

const GIB = 1024 ** 3;

function input(policy: Partial<RetentionPolicy>, bytesPerDay: number, bytes = 0): ForecastInput {
  const converterName = policy.converterName ?? 'csv';
  return {
    policy: completePolicy({ enabled: true, ...policy, converterName }),
    intake: { converterName, entries: 300, bytes: bytesPerDay * 30, days: 30 },
    bytes,
  };
}

describe('the forecast', () => {
  it('says how many days the size limit keeps', () => {
    const { converters, message } = forecast([input({ maxSizeGb: 6.1 }, 0.1 * GIB)], 1_000 * GIB, NOW);
    expect(converters[0]?.keptDays).toBeCloseTo(61);
    expect(converters[0]?.entriesPerDay).toBe(10);
    expect(message).toBe(
      "at the present intake the policy of 'csv' keeps 61 of 90 days; the archive does not fill the disk",
    );
  });

  it('says when the disk is full', () => {
    const { diskFullAt, message } = forecast([input({ maxSizeGb: Number.POSITIVE_INFINITY }, GIB)], 20 * GIB, NOW);
    expect(diskFullAt?.getTime()).toBeCloseTo(NOW + 20 * DAY_MS);
    expect(message).toMatch(/keeps 90 of 90 days; the disk is full on 2027-01-20$/);
  });

  it('counts what a converter may still grow by, and no more', () => {
    // 10 days of 1 GiB and it is steady: 10 GiB in all, of which 4 are there.
    const steady = input({ converterName: 'a', maxSizeGb: 10 }, GIB, 4 * GIB);
    expect(forecast([steady], 6.1 * GIB, NOW).diskFullAt).toBeUndefined();
    expect(forecast([steady], 5 * GIB, NOW).diskFullAt?.getTime()).toBeCloseTo(NOW + 5 * DAY_MS);
    // Together 2 GiB a day for 6 days, then the second alone: 20 GiB are full on day 14.
    const endless = input({ converterName: 'b', retentionDays: 1_000, maxSizeGb: 1_000 }, GIB);
    expect(forecast([steady, endless], 20 * GIB, NOW).diskFullAt?.getTime()).toBeCloseTo(NOW + 14 * DAY_MS);
  });

  it('says so where nothing comes in, or nothing limits it', () => {
    const nothing = { ...input({}, 0), intake: undefined };
    const unlimited = input({ converterName: 'xml', enabled: false }, 1);
    const { message, diskFullAt } = forecast([nothing, unlimited], GIB, NOW);
    expect(message).toBe("nothing comes in for 'csv'; nothing limits 'xml'; the archive does not fill the disk");
    expect(diskFullAt).toBeUndefined();
  });
});
