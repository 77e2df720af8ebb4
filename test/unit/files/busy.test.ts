import { describe, expect, it } from 'vitest';
import { isBusy, whileBusy } from '../../../src/files/busy.js';

const error = (code: string): Error => Object.assign(new Error(code), { code });

describe('a busy file', () => {
  it('is waited for until it can be had', async () => {
    let calls = 0;
    const result = await whileBusy(async () => {
      calls += 1;
      if (calls < 4) throw error('EBUSY');
      return 'done';
    });
    expect(result).toBe('done');
    expect(calls).toBe(4);
  });

  it('is given up after a bounded number of times, with the error', async () => {
    let calls = 0;
    const attempt = whileBusy(() => {
      calls += 1;
      return Promise.reject(error('EBUSY'));
    });
    await expect(attempt).rejects.toMatchObject({ code: 'EBUSY' });
    expect(calls).toBe(7);
  });

  it('is not waited for where waiting does not help', async () => {
    let calls = 0;
    const attempt = whileBusy(() => {
      calls += 1;
      return Promise.reject(error('ENOENT'));
    });
    await expect(attempt).rejects.toMatchObject({ code: 'ENOENT' });
    expect(calls).toBe(1);
  });

  it.runIf(process.platform !== 'win32')('is not mistaken for a missing permission on POSIX', async () => {
    let calls = 0;
    const attempt = whileBusy(() => {
      calls += 1;
      return Promise.reject(error('EACCES'));
    });
    await expect(attempt).rejects.toMatchObject({ code: 'EACCES' });
    expect(calls).toBe(1);
  });

  it.each(['EBUSY', 'EPERM', 'EACCES', 'ETXTBSY'])('shows itself as %s', code => {
    expect(isBusy(error(code))).toBe(true);
  });

  it('does not show itself in any other way', () => {
    for (const other of [error('ENOENT'), error('ENOSPC'), new Error('EBUSY'), undefined]) {
      expect(isBusy(other)).toBe(false);
    }
  });
});
