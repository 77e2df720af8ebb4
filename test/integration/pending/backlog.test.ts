import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../support/bundle.js';
import { temporaryFolder } from '../../unit/pending/support.js';

interface Measured {
  waiting: number;
  startMs: number;
  heapBytesPerReport: number;
  msPerEnqueue: number;
  msPerDelivery: number;
  inOrder: boolean;
}

const run = promisify(execFile);

async function measure(program: string, count: number): Promise<Measured> {
  const args = ['--expose-gc', program, await temporaryFolder(), String(count)];
  const { stdout } = await run(process.execPath, args);
  return JSON.parse(stdout) as Measured;
}

describe('100,000 waiting reports', () => {
  it('take ten times as long to read as 10,000, little memory, and make no report dearer than the others', {
    timeout: 120_000,
  }, async () => {
    const program = await bundle(new URL('./backlog-child.ts', import.meta.url));
    const few = await measure(program, 10_000);
    const many = await measure(program, 100_000);
    expect([few.waiting, many.waiting]).toEqual([10_000, 100_000]);
    expect(many.inOrder).toBe(true);
    // Ten times would be exact; a step that looks at the others would make it a hundred.
    expect(many.startMs / few.startMs).toBeLessThan(40);
    // One would be exact; a step that looks at the others would make it ten.
    expect(many.msPerEnqueue / few.msPerEnqueue).toBeLessThan(5);
    expect(many.msPerDelivery / few.msPerDelivery).toBeLessThan(5);
    expect(many.heapBytesPerReport).toBeLessThan(800);
  });
});
