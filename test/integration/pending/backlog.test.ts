import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../support/bundle.js';
import { temporaryFolder } from '../../unit/pending/support.js';

interface Measured {
  waiting: number;
  startMs: number;
  heapBytesPerReport: number;
  longestStallMs: number;
  delivered: number;
  msPerDeliveryFirst: number;
  msPerDeliveryLater: number;
}

describe('100,000 waiting reports', () => {
  it('are taken up within seconds and with little memory, and the first is delivered at once', {
    timeout: 120_000,
  }, async () => {
    const program = await bundle(new URL('./backlog-child.ts', import.meta.url));
    const output = execFileSync(process.execPath, ['--expose-gc', program, await temporaryFolder(), '100000'], {
      encoding: 'utf8',
    });
    const measured = JSON.parse(output) as Measured;
    expect(measured.waiting).toBe(100_000);
    expect(measured.startMs).toBeLessThan(5_000);
    expect(measured.heapBytesPerReport).toBeLessThan(800);
    expect(measured.delivered).toBeGreaterThanOrEqual(2_000);
  });
});
