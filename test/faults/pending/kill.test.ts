import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';
import { FakeServer } from '../../../src/testing/fake-server.js';
import { bundle } from '../../support/bundle.js';
import { makeQueue, record, temporaryFolder } from '../../unit/pending/support.js';

const COUNT = 10_000;

/** Runs the enqueueing process, kills it after some acknowledgements, and gives the numbers that it had said by then. */
async function enqueueAndKill(args: string[], after: number): Promise<number[]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let said = '';
  let count = 0;
  for await (const part of child.stdout.setEncoding('utf8')) {
    said += part;
    count += part.split('\n').length - 1;
    if (count >= after && !child.killed) child.kill('SIGKILL');
  }
  await exited;
  // A line that the kill cut short acknowledges nothing.
  const lines = said.slice(0, said.lastIndexOf('\n')).split('\n');
  return lines.map(line => Number(line.split(' ')[0]));
}

describe('a process that is killed in the middle of 10,000 enqueues, while it also sends', () => {
  it('leaves every report that it acknowledged, and each arrives under its one key', { timeout: 120_000 }, async () => {
    const program = await bundle(new URL('./kill-child.ts', import.meta.url));
    const directory = await temporaryFolder();
    await using server = await FakeServer.start({ honourIdempotencyKey: true });
    const acked: number[] = [];
    let from = 0;
    for (const after of [300, 1_000, 1_500]) {
      const now = await enqueueAndKill([program, directory, server.url, String(from), String(COUNT)], after);
      acked.push(...now);
      from = Math.max(...now) + 100;
    }
    expect(acked.length).toBeGreaterThan(2_500);
    expect(acked.length).toBeLessThan(COUNT);

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
