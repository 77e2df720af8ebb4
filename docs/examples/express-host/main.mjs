/** A host in Express: a station with health and metrics beside the host's own pages. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import express from 'express';
import { AsyncConverterPool, ConverterBase, createHealthHandler, HttpSubmitter } from 'millrace';
import { FakeServer } from 'millrace/testing';

class TextConverter extends ConverterBase {
  name = 'text';
  supportedExtensions = ['.txt'];

  async convert(source) {
    return { sn: (await source.text()).trim() };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-express-'));
const reports = await FakeServer.start(); // In place of yours.
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: new HttpSubmitter({ url: `${reports.url}/reports` }),
  converters: [{ converter: new TextConverter(), watchFolder: join(root, 'watch') }],
  health: { backlog: 500 },
});

// The host's own application. The station's pages lie below a path that only the monitoring reaches.
const app = express();
app.get('/', (_request, response) => response.send('The line is running.'));
app.use('/station', createHealthHandler(pool));
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const ask = async path => {
  const answer = await fetch(`${url}${path}`);
  return { status: answer.status, text: await answer.text() };
};

// Before the start, and while its folder is missing, it says so.
assert.equal((await ask('/station/health/ready')).status, 503);
await pool.start();
const { status, reasons } = JSON.parse((await ask('/station/health')).text);
assert.equal(status, 'degraded');
assert.deepEqual(
  reasons.map(reason => reason.code),
  ['WATCHER_BLIND'],
);
process.stdout.write(`${status}: ${reasons[0].message}\n`);

// The folder comes, and with it the first file.
const watched = once(pool, 'watcherRecovered');
await mkdir(join(root, 'watch'));
await watched;
await writeFile(join(root, 'watch/unit.txt'), 'SN-1');
await pool.idle();
assert.deepEqual(JSON.parse((await ask('/station/health')).text), { status: 'healthy', reasons: [] });
const metrics = (await ask('/station/metrics')).text;
assert.match(metrics, /^millrace_reports_delivered_total 1$/m);
process.stdout.write(
  `${metrics.split('\n').filter(line => line.startsWith('millrace_files{state="completed"}'))[0]}\n`,
);
assert.equal((await ask('/')).text, 'The line is running.');

// A host that ends lets the pool finish what it has begun.
await pool.stop();
server.close();
server.closeAllConnections();
await reports.stop();
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
