/** A host that embeds a pool, attaches pino, and is scraped: what a monitoring sees of a bad night, and when. */
import { once } from 'node:events';
import { mkdir, rename } from 'node:fs/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { converter, echo, next, Station, until } from '../pool/support.js';
import { clockOf, HealthPort, LEVELS, pinoWithLines, TestDisk } from './support.js';

describe('a host with pino and Prometheus', () => {
  it('sees an outage, a low disk, a lost watch folder and the recovery from each when they happen', async () => {
    const station = await Station.open();
    const disk = new TestDisk();
    const { logger, lines } = pinoWithLines();
    const pool = station.pool({
      fs: disk,
      clock: clockOf(disk),
      logger,
      minFreeBytes: 1_000,
      // A probe of the watch could come late on a slow machine, and would be told as well.
      converters: [{ converter: converter(echo), rescanIntervalMs: 50, canaryIntervalMs: 0 }],
    });
    await using port = await HealthPort.open(pool);

    expect(await port.health()).toMatchObject({ http: 503, status: 'unhealthy', codes: ['NOT_RUNNING'] });
    expect(await port.status('/health/ready')).toBe(503);
    expect(await port.status('/health/live')).toBe(200);
    await pool.start();
    expect(await port.health()).toEqual({ http: 200, status: 'healthy', reasons: [], codes: [] });
    expect(await port.status('/health/ready')).toBe(200);

    // A good hour.
    await station.drop('watch/1.txt', 'one');
    await pool.idle();
    const quiet = await port.scrape();
    expect(quiet.value('millrace_health_status', { status: 'healthy' })).toBe(1);
    expect(quiet.value('millrace_files', { state: 'completed' })).toBe(1);
    expect(quiet.value('millrace_reports_delivered_total')).toBe(1);
    expect(quiet.value('millrace_breaker_state', { state: 'closed' })).toBe(1);
    expect(quiet.value('millrace_pending_oldest_age_seconds')).toBe(0);
    expect(quiet.value('millrace_conversion_duration_seconds_count', { converter: 'text' })).toBe(1);
    expect(quiet.value('millrace_submit_duration_seconds_count')).toBe(1);

    // The server goes away.
    await station.server.down();
    await station.drop('watch/2.txt', 'two');
    await next(pool, 'queuedOffline');
    expect(await port.health()).toMatchObject({ http: 200, status: 'degraded', codes: ['BREAKER_OPEN'] });
    const outage = await port.scrape();
    expect(outage.value('millrace_health_status', { status: 'degraded' })).toBe(1);
    expect(outage.value('millrace_health_reason', { code: 'BREAKER_OPEN' })).toBe(1);
    expect(outage.value('millrace_breaker_state', { state: 'closed' })).toBe(0);
    expect(outage.value('millrace_pending_reports', { state: 'queued' })).toBe(1);
    expect(outage.value('millrace_pending_online')).toBe(0);
    expect(outage.value('millrace_files', { state: 'delivering' })).toBe(1);
    expect(outage.value('millrace_pending_oldest_age_seconds')).toBeGreaterThan(0);

    // It comes back.
    await station.server.up();
    await pool.idle();
    expect(await port.health()).toMatchObject({ status: 'healthy', codes: [] });
    const after = await port.scrape();
    expect(after.value('millrace_breaker_state', { state: 'closed' })).toBe(1);
    expect(after.value('millrace_pending_reports', { state: 'queued' })).toBe(0);
    expect(after.value('millrace_reports_delivered_total')).toBe(2);
    expect(after.value('millrace_submit_retries_total')).toBeGreaterThan(0);

    // The disk fills up. Asking for health is enough to notice: no file needs to come.
    disk.freeBytes = 10;
    await until(async () => (await port.health()).codes.includes('DISK_LOW'));
    const full = await port.health();
    expect(full).toMatchObject({ http: 503, status: 'unhealthy' });
    expect(full.reasons[0]).toMatchObject({ value: 10, threshold: 1_000 });
    expect(await port.status('/health/ready')).toBe(503);
    expect(await port.status('/health/live')).toBe(200);
    expect((await port.scrape()).value('millrace_disk_free_bytes', { folder: 'data' })).toBe(10);
    const recovered = next(pool, 'diskRecovered');
    disk.freeBytes = undefined;
    await recovered;
    expect(await port.health()).toMatchObject({ status: 'healthy', codes: [] });

    // The share with the watch folder goes away, and comes back.
    const lost = next(pool, 'watcherDegraded');
    await rename(station.path('watch'), station.path('elsewhere'));
    await lost;
    const blind = await port.health();
    expect(blind).toMatchObject({ http: 200, status: 'degraded', codes: ['WATCHER_BLIND'] });
    expect(blind.reasons[0]?.value).toBe(station.path('watch'));
    expect((await port.scrape()).value('millrace_folder_blind', { folder: station.path('watch') })).toBe(1);
    const found = next(pool, 'watcherRecovered');
    await mkdir(station.path('watch'));
    await found;
    expect(await port.health()).toMatchObject({ status: 'healthy', codes: [] });
    expect((await port.scrape()).value('millrace_folder_blind')).toBeUndefined();

    await pool.stop();
    expect(await port.health()).toMatchObject({ http: 503, codes: ['NOT_RUNNING'] });
    expect(await port.status('/health/live')).toBe(503);

    // The log tells the same story, in order, and what belongs to one file by its correlation id.
    const told = lines.filter(line => line.level >= 30).map(line => `${LEVELS[line.level]} ${line.event}`);
    const story = [
      'info stateChanged',
      'info converted',
      'info submitted',
      'error breakerOpened',
      'warn queuedOffline',
      'info online',
      'error diskLow',
      'info diskRecovered',
      'warn watcherDegraded',
      'info watcherRecovered',
    ];
    expect(told.filter((one, index) => story.includes(one) && told.indexOf(one) === index)).toEqual(story);
    const first = lines.find(line => line.event === 'discovered');
    const ofFile = lines.filter(line => line.correlationId === first?.correlationId).map(line => line.event);
    expect(ofFile).toEqual(expect.arrayContaining(['discovered', 'converting', 'converted', 'submitted', 'completed']));
    expect(lines.find(line => line.event === 'converted')).toMatchObject({
      file: station.path('watch/1.txt'),
      converter: 'text',
      durationMs: expect.any(Number),
      queueSize: 0,
      msg: 'File converted',
    });
    expect(lines.find(line => line.event === 'converting')).toMatchObject({ attempt: 1, maxAttempts: 4 });
  });

  it('names a file by one correlation id from its detection to the server, also after a restart', async () => {
    const station = await Station.open();
    const before = await station.start();
    const ids = new Set<string>();
    const note = ({ correlationId }: { correlationId: string }) => void ids.add(correlationId);
    for (const event of ['discovered', 'converting', 'converted', 'queuedOffline', 'cleaned'] as const)
      before.on(event, note as never);
    before.pending.on('enqueued', note);
    await station.server.down();
    const waits = next(before, 'cleaned');
    await station.drop('watch/1.txt', 'one');
    await waits;
    await before.stop();

    const after = station.pool();
    for (const event of ['delivered', 'completed'] as const) after.on(event, note as never);
    after.pending.on('submitted', note);
    await station.server.up();
    await after.start();
    await after.idle();
    ids.add(String(station.server.requests.at(-1)?.headers['x-correlation-id']));
    expect([...ids]).toEqual([expect.any(String)]);
  });

  it('says once for a whole night that the server is away, and how often it would have said it', async () => {
    const station = await Station.open();
    const { logger, lines } = pinoWithLines('warn');
    const pool = await station.start({ logger });
    await station.server.down();
    let waiting = 0;
    const all = new Promise<void>(resolve => pool.on('queuedOffline', () => ++waiting === 40 && resolve()));
    for (let n = 0; n < 40; n++) await station.drop(`watch/${n}.txt`, `${n}`);
    await all;
    await pool.stop();
    const told = lines.filter(line => line.event === 'queuedOffline');
    expect(told.reduce((sum, line) => sum + Number(line.repeated ?? 1), 0)).toBe(40);
    // Two on a machine that does it within a minute: the first, and the count of the others.
    expect(told.length).toBeLessThan(10);
    expect(told.at(-1)?.repeated).toBeGreaterThan(1);
  });

  it('takes pino and console for loggers as they are', async () => {
    const station = await Station.open();
    const pool = await station.start({ logger: pino({ level: 'silent' }) });
    await pool.stop();
    const quiet = await station.start({ logger: { ...console, info: () => undefined, debug: () => undefined } });
    await quiet.stop();
    expect(quiet.state).toBe('stopped');
  });
});

describe('createHealthHandler', () => {
  it('answers what is asked and nothing else', async () => {
    const station = await Station.open();
    const pool = await station.start();
    await using port = await HealthPort.open(pool);
    const ask = async (path: string, init?: RequestInit) => {
      const answer = await fetch(`${port.url}${path}`, init);
      return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
    };
    expect(await ask('/health/?verbose=1')).toMatchObject({ status: 200, type: 'application/json; charset=utf-8' });
    expect(await ask('/metrics')).toMatchObject({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    expect(await ask('/health', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect(await ask('/health', { method: 'POST' })).toMatchObject({ status: 405 });
    expect(await ask('/')).toMatchObject({ status: 404 });
    expect(await ask('/toString')).toMatchObject({ status: 404 });
    expect(await ask('/%')).toMatchObject({ status: 404 });
  });

  it('serves in Express, also below a path, and leaves other paths alone', async () => {
    const { default: express } = await import('express');
    const { createHealthHandler } = await import('millrace');
    const station = await Station.open();
    const pool = await station.start();
    const app = express();
    app.use('/station', createHealthHandler(pool));
    app.use((_request, response) => void response.status(200).send('the host'));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const text = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    expect(JSON.parse(await text('/station/health'))).toEqual({ status: 'healthy', reasons: [] });
    expect(await text('/station/metrics')).toContain('millrace_health_status{status="healthy"} 1');
    expect(await text('/station/other')).toBe('the host');
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  it('serves in Fastify as a route handler', async () => {
    const { default: fastify } = await import('fastify');
    const { createHealthHandler } = await import('millrace');
    const station = await Station.open();
    const pool = await station.start();
    const app = fastify();
    const handler = createHealthHandler(pool);
    for (const path of ['/health', '/health/live', '/health/ready', '/metrics']) app.get(path, handler);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const answer = await fetch(`http://127.0.0.1:${port}/health`);
    expect(await answer.json()).toEqual({ status: 'healthy', reasons: [] });
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(await metrics.text()).toContain('millrace_files{state="completed"} 0');
    await app.close();
  });
});
