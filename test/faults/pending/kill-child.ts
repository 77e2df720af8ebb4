/** A process that enqueues reports, prints the number and id of each that was acknowledged, and is killed after so many of them. */
import { PendingQueue } from '../../../src/pending/pending-queue.js';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';
import { say } from '../../support/say.js';

const [directory = '', url = '', from = '0', to = '0', killAfter = ''] = process.argv.slice(2);
const queue = new PendingQueue({ directory, submitter: new HttpSubmitter({ url }), minFreeBytes: 0, concurrency: 2 });
await queue.start();
let next = Number(from);
let acknowledged = 0;
const produce = async (): Promise<void> => {
  for (let n = next++; n < Number(to); n = next++) {
    const key = `key-${n}`;
    // Half of them with a sidecar.
    const name = n % 2 === 0 ? { id: key } : { idempotencyKey: key };
    const { id } = await queue.enqueue({ n, text: 'x'.repeat(n % 3_000) }, name);
    say(`${n} ${id}`);
    // By itself: whoever reads these lines may be late, and the others are in the middle of their writes just now.
    if (++acknowledged === Number(killAfter)) process.kill(process.pid, 'SIGKILL');
  }
};
await Promise.all(Array.from({ length: 20 }, produce));
