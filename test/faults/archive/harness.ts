/** Runs the archiving process, kills it, and looks at what it left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import type { Ack } from './work.js';
import { contentOf } from './work.js';

export interface Run {
  acks: Ack[];
  /** How many points there were at which it could have been killed; only where it came to its end. */
  points: number | undefined;
}

/** @param killAfter Acknowledgements after which the parent kills it. */
export async function run(
  program: string,
  args: readonly (string | number)[],
  killAfter = Number.POSITIVE_INFINITY,
): Promise<Run> {
  const child = spawn(process.execPath, [program, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let said = '';
  for await (const part of child.stdout.setEncoding('utf8')) {
    said += part;
    if (said.split('\n').length > killAfter && !child.killed) child.kill('SIGKILL');
  }
  await exited;
  // A line that the kill cut short acknowledges nothing.
  const lines = said.slice(0, said.lastIndexOf('\n') + 1).split('\n');
  const told = lines.filter(line => line !== '').map(line => JSON.parse(line) as Ack | string);
  const points = told.flatMap(one => (typeof one === 'string' ? Number(one.split(' ')[1]) : []));
  return { acks: told.filter(one => typeof one === 'object'), points: points[0] };
}

/** Everything in an archive that is not as it was acknowledged. */
export async function problemsOf(directory: string, acks: readonly Ack[], out: string): Promise<string[]> {
  const problems: string[] = [];
  await using archive = new ArchiveStorage({ directory });
  archive.on('damaged', ({ message }) => problems.push(`damaged: ${message}`));
  await archive.open();
  const purged = new Set(acks.filter(({ step }) => step === 'purged').map(({ id }) => id));
  for (const { index, id, step } of acks) {
    const entry = await archive.get(id);
    if (!entry) {
      problems.push(`${step} ${index}: ${id} is not there`);
    } else if (step === 'archived' && !entry.purgedAt) {
      const restored = await readFile(await archive.restoreSource(id, out));
      if (!restored.equals(contentOf(index))) problems.push(`${index} came back otherwise`);
    } else if (step === 'reported' && !entry.purgedAt) {
      const report = await archive.readReport(id);
      if ((report as { index: number }).index !== index) problems.push(`the report of ${index} came back otherwise`);
    } else if (step === 'noted' && entry.serialNumber !== `SN${index}`) {
      problems.push(`the outcome of ${index} is lost`);
    }
    // A purge that was not acknowledged may have been done, or not; one that was is.
    if (purged.has(id) && !entry?.purgedAt) problems.push(`${index} is not purged`);
  }
  const { damaged } = await archive.verify();
  problems.push(...damaged.map(({ problem, message }) => `${problem}: ${message}`));
  const left = await readdir(join(directory, 'incoming'));
  problems.push(...left.map(name => `left in incoming: ${name}`));
  return problems;
}
