import { describe, expect, it } from 'vitest';
import { ConverterError, FileFormatError, SubmitError } from '../../../src/errors.js';
import { isTransient } from '../../../src/pool/transient.js';

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

describe('an error that may pass by itself', () => {
  it.each(['ECONNREFUSED', 'ETIMEDOUT', 'EBUSY', 'EMFILE', 'EAI_AGAIN', 'UND_ERR_SOCKET'])('is %s', code => {
    expect(isTransient(systemError(code))).toBe(true);
  });

  it('is known by its cause, however it was wrapped', () => {
    const wrapped = new ConverterError('lookup failed', {
      cause: new TypeError('x', { cause: systemError('ECONNRESET') }),
    });
    expect(isTransient(wrapped)).toBe(true);
  });

  it('may say it itself, either way', () => {
    expect(isTransient(Object.assign(new Error('x'), { transient: true }))).toBe(true);
    expect(isTransient(Object.assign(systemError('ECONNRESET'), { transient: false }))).toBe(false);
    expect(isTransient(new SubmitError('x', { kind: 'transient' }))).toBe(true);
  });

  it('is not a wrong format, a bug, or anything else that would come again', () => {
    for (const error of [
      new FileFormatError('no header', { cause: systemError('ECONNRESET') }),
      new TypeError('x is undefined'),
      systemError('ENOENT'),
      'a text',
      undefined,
    ]) {
      expect(isTransient(error)).toBe(false);
    }
  });

  it('ends the search in a circle of causes', () => {
    const error: Error & { cause?: unknown } = new Error('a');
    error.cause = error;
    expect(isTransient(error)).toBe(false);
  });
});
