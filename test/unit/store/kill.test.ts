import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../support/bundle.js';
import { crashCopy, type Item, openStore, tempFolder } from './support.js';

/** Runs the writing process, kills it after some acknowledgements, and gives what it had said by then. */
async function writeAndKill(program: string, folder: string, from: number, after: number): Promise<number[]> {
  const child = spawn(process.execPath, [program, folder, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let said = '';
  let count = 0;
  for await (const part of child.stdout.setEncoding('utf8')) {
    said += part;
    count += part.split('\n').length - 1;
    if (count >= after && !child.killed) child.kill('SIGKILL');
  }
  await exited;
  // A line that the kill cut short acknowledges nothing.
  return said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number);
}

describe('a killed process', () => {
  it('leaves every write that it acknowledged, exactly once', { timeout: 180_000 }, async () => {
    const program = await bundle(new URL('./kill-child.ts', import.meta.url));
    const folder = await tempFolder();
    let from = 0;
    const acked: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const now = await writeAndKill(program, folder, from, 500 + round * 900);
      acked.push(...now);
      from = Math.max(...now) + 1_000;
      const { store, events } = await openStore(await crashCopy(folder));
      const items = await store.query<Item>('all');
      const there = new Set(items.map(({ id }) => id));
      expect(acked.filter(id => !there.has(id))).toEqual([]);
      expect(items.filter(({ applied }) => applied !== 1)).toEqual([]);
      expect(events.filter(([name]) => name !== 'tornTail')).toEqual([]);
      await store.close();
    }
    expect(acked.length).toBeGreaterThan(25_000);
  });
});
