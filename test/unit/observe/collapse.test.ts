import { describe, expect, it } from 'vitest';
import { collapsingLogger } from '../../../src/observe/collapse.js';
import { type LogFields, silentLogger } from '../../../src/observe/logger.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const lines: LogFields[] = [];
  const write = (fields: LogFields, message: string): void => void lines.push({ ...fields, message });
  const logger = collapsingLogger({ ...silentLogger, warn: write, error: write, info: write }, clock);
  return { clock, lines, logger };
}

describe('repeated warnings', () => {
  it('are one line at once, and one with their number a minute later', async () => {
    const { clock, lines, logger } = setUp();
    for (let n = 1; n <= 1_000; n++) logger.warn({ file: `${n}.csv`, converter: 'csv' }, 'File is tried again');
    expect(lines).toEqual([{ file: '1.csv', converter: 'csv', message: 'File is tried again' }]);
    await clock.advance(60_000);
    expect(lines[1]).toEqual({ file: '1000.csv', converter: 'csv', repeated: 999, message: 'File is tried again' });
    // Then it is news again.
    logger.warn({ file: 'x.csv', converter: 'csv' }, 'File is tried again');
    expect(lines).toHaveLength(3);
    await clock.advance(60_000);
    expect(lines).toHaveLength(3);
  });

  it('are alike by code where they have one, and apart by converter and folder', () => {
    const { lines, logger } = setUp();
    logger.warn({ code: 'SUBMIT_TRANSIENT' }, 'POST a answered 503');
    logger.warn({ code: 'SUBMIT_TRANSIENT' }, 'POST b answered 503');
    logger.warn({ code: 'SUBMIT_TRANSIENT', converter: 'ict' }, 'POST c answered 503');
    logger.warn({ folder: '/a' }, 'away');
    logger.warn({ folder: '/b' }, 'away');
    expect(lines.map(line => line.message)).toEqual(['POST a answered 503', 'POST c answered 503', 'away', 'away']);
  });

  it('are written out when the logger is flushed', () => {
    const { lines, logger, clock } = setUp();
    for (let n = 0; n < 3; n++) logger.warn({}, 'again');
    logger.flush();
    expect(lines).toEqual([{ message: 'again' }, { repeated: 2, message: 'again' }]);
    expect(clock.timers).toBe(0);
  });

  it('take bounded memory, however many kinds there are', () => {
    const { lines, logger } = setUp();
    for (let n = 0; n < 2_000; n++) logger.warn({ folder: `/${n}` }, 'away');
    logger.warn({ folder: '/1999' }, 'away');
    expect(lines).toHaveLength(2_000);
  });

  it('are the only lines that are held back', () => {
    const { lines, logger } = setUp();
    for (let n = 0; n < 3; n++) {
      logger.error({ file: 'a' }, 'File failed');
      logger.info({ file: 'a' }, 'File converted');
    }
    expect(lines).toHaveLength(6);
  });
});
