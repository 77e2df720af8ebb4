import { describe, expect, it } from 'vitest';
import { type ErrorEvent, SafeEmitter } from '../../../src/observe/emitter.js';
import { type Logger, silentLogger } from '../../../src/observe/logger.js';

interface Events {
  happened: { value: number };
  error: ErrorEvent;
}

class TestEmitter extends SafeEmitter<Events> {
  tell(value: number): void {
    this.notify('happened', { value });
  }

  fail(error: Error): void {
    this.notify('error', { error });
  }
}

function setUp() {
  const lines: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_fields, message) => void lines.push(message) };
  return { emitter: new TestEmitter(logger), lines };
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('a safe emitter', () => {
  it('tells the others when one listener throws, and reports it', () => {
    const { emitter } = setUp();
    const seen: number[] = [];
    const errors: Error[] = [];
    const thrown = new Error('listener is broken');
    emitter.on('error', ({ error }) => errors.push(error));
    emitter.on('happened', () => {
      throw thrown;
    });
    emitter.on('happened', ({ value }) => seen.push(value));
    emitter.tell(1);
    expect(seen).toEqual([1]);
    expect(errors).toMatchObject([{ code: 'LISTENER_FAILED', cause: thrown }]);
    expect(errors[0]?.message).toContain('happened');
  });

  it('reports a listener whose promise rejects', async () => {
    const { emitter } = setUp();
    const errors: Error[] = [];
    emitter.on('error', ({ error }) => errors.push(error));
    emitter.on('happened', () => Promise.reject(new Error('later')));
    emitter.tell(1);
    await turn();
    expect(errors).toMatchObject([{ code: 'LISTENER_FAILED' }]);
  });

  it('reports what is no error, too', async () => {
    const { emitter } = setUp();
    const errors: Error[] = [];
    emitter.on('error', ({ error }) => errors.push(error));
    emitter.on('happened', () => Promise.reject('a text'));
    emitter.tell(1);
    await turn();
    expect(errors).toMatchObject([{ code: 'LISTENER_FAILED' }]);
  });

  it('does not end the process when nobody listens for errors: the log has them', () => {
    const { emitter, lines } = setUp();
    emitter.fail(new Error('disk is gone'));
    expect(lines).toEqual(['disk is gone']);
  });

  it('does not go round in circles when the listener of errors is broken', async () => {
    const { emitter, lines } = setUp();
    let calls = 0;
    emitter.on('error', () => {
      calls += 1;
      throw new Error('so am I');
    });
    emitter.on('error', () => Promise.reject(new Error('me too')));
    emitter.fail(new Error('disk is gone'));
    await turn();
    expect(calls).toBe(1);
    expect(lines.length).toBe(2);
  });

  it('calls a listener of once a single time', () => {
    const { emitter } = setUp();
    const seen: number[] = [];
    emitter.once('happened', ({ value }) => seen.push(value));
    emitter.tell(1);
    emitter.tell(2);
    expect(seen).toEqual([1]);
  });
});
