/** What the host feels: how late its event loop is while a backlog melts, with the archive on. */

import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ArchiveStorage } from 'millrace';
import { assertCount, fill, inMemory, makePool, naiveBacklog, runPool, withStation } from './support/station.mjs';
import { amount, tell } from './support/table.mjs';

const FILES = amount(10_000, 300);

const measure = (who, run) =>
  withStation(async folder => {
    await fill(folder, FILES);
    const submit = inMemory();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await run(folder, submit);
    delay.disable();
    assertCount(submit.count, FILES);
    const ms = share => delay.percentile(share) / 1e6;
    return { who, 'p50, ms': ms(50), 'p99, ms': ms(99), 'longest, ms': delay.max / 1e6 };
  });

const rows = [
  await measure('naive', naiveBacklog),
  await measure('millrace, archive on', async (folder, submit) => {
    const archive = new ArchiveStorage({ directory: join(folder, 'archive') });
    await runPool(makePool(folder, submit, { archive }));
    await archive.close();
  }),
];
tell('host', `delay of the event loop while ${FILES} files are converted`, rows, {
  words: 'p99 under 20 ms',
  met: rows[1]['p99, ms'] < 20,
});
