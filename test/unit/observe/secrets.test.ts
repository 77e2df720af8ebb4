import { describe, expect, it } from 'vitest';
import { ConverterError } from '../../../src/errors.js';
import { type Logger, silentLogger } from '../../../src/observe/logger.js';
import {
  errorWithoutSecrets,
  hideAll,
  hidePatterns,
  redactingLogger,
  secretsIn,
} from '../../../src/observe/secrets.js';

describe('hidePatterns', () => {
  it.each([
    ['POST https://mo:s3cret@server/x failed', 'POST https://[hidden]@server/x failed'],
    ['sent Authorization: Basic dXNlcjpwYXNzd29yZA== to it', 'sent Authorization: Basic [hidden] to it'],
    ['Bearer eyJhbGciOi.abc-_123 was refused', 'Bearer [hidden] was refused'],
    ['GET /x?access_token=abcdef&page=2', 'GET /x?access_token=[hidden]&page=2'],
    ['{"password":"hunter22","user":"mo"}', '{"password":"[hidden]","user":"mo"}'],
    ["apiKey='0123456789'", "apiKey='[hidden]'"],
  ])('hides the credential in %s', (text, hidden) => {
    expect(hidePatterns(text)).toBe(hidden);
  });

  it.each([
    'Check the token: it has expired',
    'D:/secret/unit.csv was moved',
    'https://server:8080/api/Report/WSJF answered 503',
    'SN-1;P;Basic test',
  ])('leaves %s alone', text => {
    expect(hidePatterns(text)).toBe(text);
  });
});

describe('known secrets', () => {
  it('are found in arguments by their names', () => {
    const found = secretsIn({ delimiter: ';', server: { user: 'mo', password: 'hunter22' }, tokens: ['abcd', 'efgh'] });
    expect(found).toEqual(['hunter22', 'abcd', 'efgh']);
  });

  it('are hidden as a whole, the longest first, and words of every day are not', () => {
    const hide = hideAll(['pass', 'password1', 'no']);
    expect(hide('password1 and pass: no')).toBe('[hidden] and [hidden]: no');
  });
});

describe('a redacting logger', () => {
  function logged(): { logger: Logger; lines: [Record<string, unknown>, string][] } {
    const lines: [Record<string, unknown>, string][] = [];
    const logger = {
      ...silentLogger,
      error: (fields: Record<string, unknown>, text: string) => void lines.push([fields, text]),
    };
    return { logger: redactingLogger(logger, hideAll(['hunter22'])), lines };
  }

  it('hides secrets in the message, in fields at any depth, and under the name of a secret', () => {
    const { logger, lines } = logged();
    logger.error({ file: 'a', config: { auth: ['x hunter22'], token: 'whatever' } }, 'hunter22 failed');
    expect(lines).toEqual([[{ file: 'a', config: { auth: ['x [hidden]'], token: '[hidden]' } }, '[hidden] failed']]);
  });

  it('hides them in an error, its stack, its cause and its fields, which stay errors of their class', () => {
    const { logger, lines } = logged();
    const cause = Object.assign(new TypeError('refused hunter22'), { url: 'http://x/hunter22' });
    const error = new ConverterError('it said hunter22', { cause });
    logger.error({ err: error }, 'no');
    const err = lines[0]?.[0].err as ConverterError;
    expect(err).toBeInstanceOf(ConverterError);
    expect(err).toMatchObject({ message: 'it said [hidden]', code: 'CONVERTER_FAILED', name: 'ConverterError' });
    expect(err.cause).toBeInstanceOf(TypeError);
    expect(err.cause).toMatchObject({ message: 'refused [hidden]', url: 'http://x/[hidden]' });
    expect(`${err.stack}${(err.cause as Error).stack}`).not.toContain('hunter22');
    // The host's own error is as it was.
    expect(error.message).toBe('it said hunter22');
  });

  it('leaves what has no secret as it is, and does not follow circles for ever', () => {
    const error = Object.assign(new Error('plain'), { list: [1, 2], at: new Date(0) });
    expect(errorWithoutSecrets(error, hideAll(['hunter22']))).toBe(error);
    const { logger, lines } = logged();
    const circle: Record<string, unknown> = { name: 'hunter22' };
    circle.self = circle;
    const circular = Object.assign(new Error('round'), { circle });
    circular.cause = circular;
    logger.error({ circle, err: circular }, 'no');
    expect(lines[0]?.[0].circle).toMatchObject({ name: '[hidden]', self: { name: '[hidden]' } });
  });

  it('does not make lines of a level that is off', () => {
    const { lines, logger } = logged();
    const off = redactingLogger({ ...logger, isLevelEnabled: level => level !== 'error' }, text => text);
    off.error({}, 'not written');
    expect(lines).toEqual([]);
  });
});
