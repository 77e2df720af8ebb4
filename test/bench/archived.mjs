/**
 * What an archive adds to a file in a pool, beside the same files by hand, in turns: barely read, compressed, written and
 * flushed, and the same with what makes it last. For the small files of the other benches, and for such as testers write.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ArchiveStorage } from 'millrace';
import pLimit from 'p-limit';
import {
  assertCount,
  CONCURRENCY,
  fill,
  inMemory,
  makePool,
  runPool,
  sharing,
  sharingFlushes,
  withStation,
} from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

const SIZES = [
  { about: '0.3 KB', rows: 10, files: amount(10_000, 50) },
  // As large as the XML and WSJF files of many testers.
  { about: '48 KB', rows: 1_800, files: amount(3_000, 20) },
];
const ROUNDS = amount(3, 1);
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

/** Compresses every file into a folder, with what `keep` does to keep it. */
const byHand = ({ files, rows }, keeping) =>
  withStation(async folder => {
    await fill(folder, files, { rows });
    const target = join(folder, 'packed');
    await mkdir(target);
    const names = Array.from({ length: files }, (_, n) => `unit-${String(n).padStart(8, '0')}.csv`);
    const { keep, close } = await keeping(target);
    const ms = await perFile(files, () =>
      pLimit(CONCURRENCY).map(names, async name => {
        await keep(`${name}.gz`, await pack(await readFile(join(folder, 'watch', name)), { level: 6 }));
      }),
    );
    await close();
    return ms;
  });

async function writeFlushed(path, packed) {
  const file = await open(path, 'wx');
  await file.write(packed);
  await file.sync();
  await file.close();
}

/** The content is on the disk; after a power loss, its name may not be. */
const barely = async target => ({
  keep: (name, packed) => writeFlushed(join(target, name), packed),
  close: async () => undefined,
});

/** What an archive has to do at the least: a name only when it is whole, which is on the disk, and a line that tells of it. */
const durably = async target => {
  const folder = await open(target);
  const journal = await open(join(target, 'journal'), 'a');
  const syncNames = sharing(() => folder.sync());
  const record = sharingFlushes(journal);
  return {
    keep: async (name, packed) => {
      const temp = join(target, `${name}.tmp`);
      await writeFlushed(temp, packed);
      await rename(temp, join(target, name));
      await syncNames();
      await record(`${name} ${packed.length}\n`);
    },
    close: async () => {
      await folder.close();
      await journal.close();
    },
  };
};

const rows = [];
for (const size of SIZES) {
  const { alone, archived, bare, durable } = await interleaved(ROUNDS, {
    alone: () => carried(false, size),
    archived: () => carried(true, size),
    bare: () => byHand(size, barely),
    durable: () => byHand(size, durably),
  });
  const added = median(archived.map((ms, round) => ms - alone[round]));
  rows.push({
    'a file of': size.about,
    'the pool alone, ms': median(alone),
    'with its archive, ms': median(archived),
    'added, ms': added,
    'read, gzip, write, fsync, ms': median(bare),
    'with its name and a line, ms': median(durable),
    'times the bare way': added / median(bare),
    'times the durable way': added / median(durable),
  });
}
tell('archived', `${CONCURRENCY} at once, the middle of ${ROUNDS} rounds`, rows, {
  words: `the archive adds at most ${TARGET} times the bare way to a file`,
  met: rows.every(row => row['times the bare way'] <= TARGET),
});
