/** A process that enqueues reports until it is killed, and prints the number and id of each that was acknowledged. */
import { writeSync } from 'node:fs';
import { PendingQueue } from '../../../src/pending/pending-queue.js';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';

const [directory = '', url = '', from = '0', to = '0'] = process.argv.slice(2);
const queue = new PendingQueue({ directory, submitter: new HttpSubmitter({ url }), minFreeBytes: 0, concurrency: 2 });
await queue.start();
let next = Number(from);
const produce = async (): Promise<void> => {
  for (let n = next++; n < Number(to); n = next++) {
    const key = `key-${n}`;
    // Half of them with a sidecar.
    const name = n % 2 === 0 ? { id: key } : { idempotencyKey: key };
    const { id } = await queue.enqueue({ n, text: 'x'.repeat(n % 3_000) }, name);
    writeSync(1, `${n} ${id}\n`);
  }
};
await Promise.all(Array.from({ length: 20 }, produce));
