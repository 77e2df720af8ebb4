import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';
import { FakeServer } from '../../../src/testing/fake-server.js';
import { bundle } from '../../support/bundle.js';
import { amount } from '../../support/effort.js';
import { makeQueue, record, temporaryFolder } from '../../unit/pending/support.js';

const COUNT = amount({ quick: 1_500, usual: 2_000, soak: 10_000 });
/** After which share of all acknowledgements the process is killed: early, in the very middle, and late. */
const KILLS = [0.1, 0.5, 0.75];

/** Runs the enqueueing process until it is killed, and gives the numbers that it had acknowledged by then. */
async function enqueueAndKill(args: string[]): Promise<number[]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', part => {
    said += part;
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  const lines = said.trimEnd().split('\n');
  return lines.map(line => Number(line.split(' ')[0]));
}

describe(`a process that is killed in the middle of ${COUNT} enqueues, while it also sends`, () => {
  it('leaves every report that it acknowledged, and each arrives under its one key', { timeout: 120_000 }, async () => {
    const program = await bundle(new URL('./kill-child.ts', import.meta.url));
    const directory = await temporaryFolder();
    await using server = await FakeServer.start({ honourIdempotencyKey: true });
    const acked: number[] = [];
    let from = 0;
    for (const share of KILLS) {
      const killAfter = share * COUNT - acked.length;
      const range = [from, COUNT, killAfter].map(String);
      acked.push(...(await enqueueAndKill([program, directory, server.url, ...range])));
      // As many as were on their way when it was killed may be on the disk as well.
      from = Math.max(...acked) + 21;
    }
    expect(new Set(acked).size).toBe(0.75 * COUNT);
    expect(from).toBeLessThan(COUNT);

    const queue = makeQueue(directory, { submitter: new HttpSubmitter({ url: server.url }), concurrency: 10 });
    const events = record(queue, 'corrupted', 'failed', 'vanished', 'error');
    await queue.start();
    await queue.drain();
    const arrived = new Map(
      server.reports.map(({ body, idempotencyKey }) => [(body as { n: number }).n, idempotencyKey]),
    );
    expect(acked.filter(n => arrived.get(n) !== `key-${n}`)).toEqual([]);
    expect(server.reports).toHaveLength(arrived.size);
    for (const { body } of server.reports) {
      const { n, text } = body as { n: number; text: string };
      expect(text).toHaveLength(n % 3_000);
    }
    expect(events).toEqual([]);
    expect((await readdir(directory)).filter(name => !['lock', 'reserve'].includes(name))).toEqual([]);
  });
});
