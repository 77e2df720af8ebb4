import { it } from 'vitest';
import { Station } from './harness.js';
it('dbg', { timeout: 30000 }, async () => {
  await using station = await Station.make(['move']);
  await station.drop({ action: 'move', name: 'a.csv', kind: 'good', word: 'one' });
  const child = await station.spawn({ killAt: Number(process.env.N ?? 1), watch: false, until: 'idle' });
  console.log(await child.ended, child.lines);
  const pool = station.pool();
  for (const e of ['discovered','queued','converting','converted','delivered','queuedOffline','cleaned','completed','failed','suspended','skipped','retrying','scanCompleted','stateChanged','watcherDegraded','error'] as const) { let n = 0; pool.on(e, (p: any) => { if (n++ < 5) console.log(e, JSON.stringify(p), p.error?.stack ?? ''); }); }
  console.log(process.cpuUsage());
  await pool.start();
  console.log('started');
  await pool.idle();
  console.log('idle', process.cpuUsage());
  console.log(await station.check(pool));
  await pool.stop();
});
