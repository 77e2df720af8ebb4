import { describe, expect, it } from 'vitest';
import { Station } from './harness.js';

describe('two pools on one data folder', () => {
  it('refuses the second with STORE_LOCKED, and the first goes on', async () => {
    await using station = await Station.make(['move']);
    const first = await station.spawn();
    await first.line('started');
    await expect(station.pool().start()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await station.drop({ action: 'move', name: 'a.csv', kind: 'good', word: 'one' });
    await first.line('completed');
    await first.kill();
    expect(await station.goOn()).toEqual([]);
  });

  it("lets a second that waits take over when the first is killed, with the first one's work", async () => {
    await using station = await Station.make(['move', 'keep']);
    await station.server.down();
    const first = await station.spawn();
    await first.line('started');
    await station.drop({ action: 'move', name: 'a.csv', kind: 'good', word: 'one' });
    await station.drop({ action: 'keep', name: 'b.csv', kind: 'two', word: 'two' });
    await first.line('converting');
    const standby = await station.spawn({ onLocked: 'wait' });
    await station.drop({ action: 'move', name: 'c.csv', kind: 'good', word: 'three' });
    expect(standby.lines).not.toContain('started');
    await first.kill();
    await standby.line('started');
    await station.server.up();
    await standby.line('completed');
    await standby.kill();
    expect(await station.goOn()).toEqual([]);
  });
});
