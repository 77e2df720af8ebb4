/** A process whose queue sends one report by TLS; it prints what the queue tells, and ends when the report has arrived. */
import { PendingQueue } from '../../../src/pending/pending-queue.js';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';

const [directory = '', url = ''] = process.argv.slice(2);
const queue = new PendingQueue({
  directory,
  submitter: new HttpSubmitter({ url }),
  minFreeBytes: 0,
  probeIntervalMs: 50,
});
const tell = (event: string): void => void process.stdout.write(`${event} ${queue.list().items[0]?.attempts}\n`);
for (const event of ['error', 'offline', 'online', 'retrying', 'failed'] as const) queue.on(event, () => tell(event));
await queue.start();
await queue.enqueue({ n: 1 });
await queue.drain();
await queue.stop();
