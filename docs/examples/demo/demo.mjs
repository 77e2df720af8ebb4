/**
 * A day at a test station in a few seconds: three testers, a server on this machine, an outage.
 * `npm run demo`; with `-- --keep` the folders stay to be looked at.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { AsyncConverterPool, PendingQueue, WatsSubmitter } from 'millrace';
import { FakeServer } from 'millrace/testing';
import { chapter, follow, plural, say, table, times } from './account.mjs';
import { BurnInConverter } from './burn-in-converter.mjs';
import { FunctionalConverter } from './functional-converter.mjs';
import { IctConverter } from './ict-converter.mjs';
import { burnInFile, drop, dropInPieces, functionalFile, ictFile } from './testers.mjs';

const root = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
const watch = name => join(root, name, 'watch');
for (const name of ['ict', 'functional', 'burn-in']) await mkdir(watch(name), { recursive: true });
let filesIn = 0;
const put = async (name, file, content, how = drop) => {
  filesIn += 1;
  await how(join(watch(name), file), content);
};

// --- the station ------------------------------------------------------------------------------------------------
const server = await FakeServer.start();
const pending = new PendingQueue({
  directory: join(root, 'pending'),
  submitter: new WatsSubmitter({ baseUrl: server.url, token: 'ZGVtbzpkZW1v' }),
  // Defaults are made for real outages; the demo's lasts two seconds.
  retry: { baseDelayMs: 200 },
  breaker: { failureThreshold: 3, resetTimeoutMs: 500 },
});
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  pending,
  stationName: 'ICT-01',
  converters: [
    // This tester writes in pieces: its files have to rest a little longer than the default 200 ms.
    { converter: new IctConverter(), watchFolder: watch('ict'), stabilityMs: 600 },
    { converter: new FunctionalConverter(), watchFolder: watch('functional'), postProcess: 'zip' },
    { converter: new BurnInConverter(), watchFolder: watch('burn-in') },
  ],
});
follow(pool, root);

// --- the day ----------------------------------------------------------------------------------------------------
say(`millrace demo: three testers, one server at ${server.url}`);
say(`everything happens in ${root}`);

chapter('1  Files that were there before the station started');
await put('ict', 'board-0001.csv', ictFile('SN-0001'));
await put('burn-in', 'chamber-3.log', burnInFile(['PS-0101', 'PS-0102', 'PS-0103']));
await pool.start();
await pool.idle();

chapter('2  Files dropped while it runs: one in two pieces, one copied twice, one broken');
const good = ictFile('SN-0003');
await put('ict', 'board-0002.csv', ictFile('SN-0002', { fails: true }));
await put('ict', 'board-0003.csv', good, dropInPieces);
await put('functional', 'psu-0101.xml', functionalFile('PS-0101'));
await pool.idle();
await put('ict', 'board-0003 (copy).csv', good);
await put('functional', 'psu-0102.xml', functionalFile('PS-0102').slice(0, 200));
await pool.idle();

chapter('3  The server goes down, the testers go on');
await server.down();
const allPutAway = times(pool, 'cleaned', 4);
await put('ict', 'board-0004.csv', ictFile('SN-0004'));
await put('ict', 'board-0005.csv', ictFile('SN-0005'));
await put('functional', 'psu-0103.xml', functionalFile('PS-0103'));
await put('burn-in', 'chamber-4.log', burnInFile(['PS-0104', 'PS-0105']));
await allPutAway;
say();
say(`  the queue holds ${plural(pending.size, 'report')}; each is a file in ${basename(root)}/pending:`);
for (const name of (await readdir(join(root, 'pending'))).filter(file => file.includes('.json.'))) say(`    ${name}`);
say('  their sources may leave all the same. Why is board-0004 not in the system yet?');
say(`    ${(await pool.explain(join(watch('ict'), 'board-0004.csv'))).replaceAll(root, '...')}`);

chapter('4  The server is back');
await server.up();
await pool.idle();

// --- the books --------------------------------------------------------------------------------------------------
chapter('5  The books');
const { items } = await pool.items({ limit: 1000 });
const { differences, totals } = await pool.audit();
await pool.stop();
await server.stop();

const states = ['completed', 'failed', 'skipped'];
const rowOf = (name, files) => {
  const counts = states.map(state => files.filter(file => file.state === state).length);
  return [name, files.length, ...counts, files.reduce((sum, file) => sum + file.reports, 0)];
};
const converters = [...new Set(items.map(item => item.converter))].sort();
table(
  ['converter', 'files in', ...states, 'reports out'],
  [
    ...converters.map(name =>
      rowOf(
        name,
        items.filter(item => item.converter === name),
      ),
    ),
    rowOf('all', items),
  ],
);

const checks = [
  [`${filesIn} files were dropped, ${totals.seen} were seen`, totals.seen === filesIn],
  ['every file is completed, failed or skipped', items.every(item => states.includes(item.state))],
  [
    `${plural(totals.reports, 'report')} made, ${server.reports.length} at the server`,
    totals.reports === server.reports.length,
  ],
  [`the server got ${server.duplicates} of them twice`, server.duplicates === 0],
  [`audit() names ${plural(differences.length, 'difference')}`, differences.length === 0],
];
say();
for (const [text, holds] of checks) say(`  ${holds ? 'ok ' : 'NOT'}  ${text}`);
for (const { kind, path, message } of differences) say(`       ${kind}: ${path ?? ''} ${message}`);

if (process.argv.includes('--keep')) say(`\n  kept: ${root}`);
else await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
const balanced = checks.every(([, holds]) => holds);
say(balanced ? '\nThe books balance.' : '\nThe books do not balance.');
process.exitCode = balanced ? 0 : 1;
