/** What an archive adds to a file in a pool, beside the same files barely read, compressed, written and flushed, in turns. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ArchiveStorage } from 'millrace';
import pLimit from 'p-limit';
import { assertCount, CONCURRENCY, fill, inMemory, makePool, runPool, withStation } from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

const FILES = amount(3_000, 50);
const ROUNDS = amount(5, 1);
const pack = promisify(gzip);

/** Milliseconds for each file. */
async function perFile(work) {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / FILES;
}

const carried = isArchived =>
  withStation(async folder => {
    await fill(folder, FILES);
    const submit = inMemory();
    const archive = isArchived ? new ArchiveStorage({ directory: join(folder, 'archive') }) : undefined;
    await archive?.open();
    // Originals alone, as the bare way has them.
    const converter = { archiveOutputReports: false };
    const pool = makePool(folder, submit, { converter, ...(archive ? { archive } : {}) });
    const ms = await perFile(() => runPool(pool));
    assertCount(submit.count, FILES);
    await archive?.close();
    return ms;
  });

const barely = () =>
  withStation(async folder => {
    await fill(folder, FILES);
    const target = join(folder, 'packed');
    await mkdir(target);
    const names = Array.from({ length: FILES }, (_, n) => `unit-${String(n).padStart(8, '0')}.csv`);
    return perFile(() =>
      pLimit(CONCURRENCY).map(names, async name => {
        const packed = await pack(await readFile(join(folder, 'watch', name)), { level: 6 });
        const file = await open(join(target, `${name}.gz`), 'wx');
        await file.write(packed);
        await file.datasync();
        await file.close();
      }),
    );
  });

const results = await interleaved(ROUNDS, {
  'the pool alone': () => carried(false),
  'the pool with its archive': () => carried(true),
  'read, gzip, write, fsync': barely,
});
const middle = Object.fromEntries(Object.entries(results).map(([who, values]) => [who, median(values)]));
const added = median(
  results['the pool with its archive'].map((value, round) => value - results['the pool alone'][round]),
);
const times = added / middle['read, gzip, write, fsync'];
const rows = Object.entries(middle).map(([who, ms]) => ({ who, 'ms a file': ms, 'times the bare way': '' }));
rows.push({ who: 'added by the archive', 'ms a file': added, 'times the bare way': times });
tell('archived', `${FILES} files, ${CONCURRENCY} at once, the middle of ${ROUNDS} rounds`, rows, {
  words: 'the archive adds at most 1.3 times the bare way to a file',
  met: times <= 1.3,
});
