/**
 * What an archive adds to a file in a pool, beside the same files barely read, compressed, written and flushed, in turns: for
 * the small files of the other benches, and for such as testers write.
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ArchiveStorage } from 'millrace';
import pLimit from 'p-limit';
import { assertCount, CONCURRENCY, fill, inMemory, makePool, runPool, withStation } from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

const SIZES = [
  { about: '0.3 KB', rows: 10, files: amount(3_000, 50) },
  // As large as the XML and WSJF files of many testers.
  { about: '48 KB', rows: 1_800, files: amount(1_000, 20) },
];
const ROUNDS = amount(5, 1);
const TARGET = 1.3;
const pack = promisify(gzip);

/** Milliseconds for each file. */
async function perFile(files, work) {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / files;
}

const carried = (isArchived, { files, rows }) =>
  withStation(async folder => {
    await fill(folder, files, { rows });
    const submit = inMemory();
    const archive = isArchived ? new ArchiveStorage({ directory: join(folder, 'archive') }) : undefined;
    await archive?.open();
    // Originals alone, as the bare way has them.
    const converter = { archiveOutputReports: false };
    const pool = makePool(folder, submit, { converter, ...(archive ? { archive } : {}) });
    const ms = await perFile(files, () => runPool(pool));
    assertCount(submit.count, files);
    await archive?.close();
    return ms;
  });

const barely = ({ files, rows }) =>
  withStation(async folder => {
    await fill(folder, files, { rows });
    const target = join(folder, 'packed');
    await mkdir(target);
    const names = Array.from({ length: files }, (_, n) => `unit-${String(n).padStart(8, '0')}.csv`);
    return perFile(files, () =>
      pLimit(CONCURRENCY).map(names, async name => {
        const packed = await pack(await readFile(join(folder, 'watch', name)), { level: 6 });
        const file = await open(join(target, `${name}.gz`), 'wx');
        await file.write(packed);
        await file.sync();
        await file.close();
      }),
    );
  });

const rows = [];
for (const size of SIZES) {
  const { alone, archived, bare } = await interleaved(ROUNDS, {
    alone: () => carried(false, size),
    archived: () => carried(true, size),
    bare: () => barely(size),
  });
  const added = median(archived.map((ms, round) => ms - alone[round]));
  rows.push({
    'a file of': size.about,
    'the pool alone, ms': median(alone),
    'with its archive, ms': median(archived),
    'read, gzip, write, fsync, ms': median(bare),
    'added by the archive, ms': added,
    'times the bare way': added / median(bare),
  });
}
tell('archived', `${CONCURRENCY} at once, the middle of ${ROUNDS} rounds`, rows, {
  words: `the archive adds at most ${TARGET} times the bare way to a file`,
  met: rows.every(row => row['times the bare way'] <= TARGET),
});
