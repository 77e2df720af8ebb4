/** What every bench shares: how much it does, and how it tells what it measured. */
import { appendFileSync } from 'node:fs';

/** `npm run bench -- --short`: small numbers, to see that every bench works. Its figures say nothing. */
export const short = process.env.BENCH_SHORT !== undefined;

/** The amount for this run. */
export const amount = (full, small) => (short ? small : full);

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The value below which a share (0 to 1) of all lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** A number with three significant digits, or with separators where it is large. */
export function figure(value) {
  if (typeof value !== 'number') return String(value);
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/**
 * Prints rows of the same keys as a table, and adds them to the file that BENCH_JSON names.
 * @param target What should hold, in words, and whether it does on this run; absent where there is no target.
 */
export function tell(bench, title, rows, target) {
  const keys = Object.keys(rows[0]);
  const cells = [keys, ...rows.map(row => keys.map(key => figure(row[key])))];
  const widths = keys.map((_, column) => Math.max(...cells.map(row => row[column].length)));
  const line = row =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])));
  process.stdout.write(`\n${bench}: ${title}\n${cells.map(row => `  ${line(row).join('   ')}`).join('\n')}\n`);
  if (target) process.stdout.write(`  target: ${target.words}: ${target.met ? 'met' : 'NOT MET'} on this run\n`);
  const { BENCH_JSON } = process.env;
  if (BENCH_JSON) {
    const record = { bench, title, short, node: process.version, rows, ...(target ? { target } : {}) };
    appendFileSync(BENCH_JSON, `${JSON.stringify(record)}\n`);
  }
}

/** Rows for contenders that came to `{ perSecond, cpuUs }` each round, and how many times `baseline` each is. */
export function compared(results, baseline) {
  const middle = (who, key) => median(results[who].map(one => one[key]));
  const names = Object.keys(results);
  const ratio = Object.fromEntries(names.map(who => [who, middle(who, 'perSecond') / middle(baseline, 'perSecond')]));
  const rows = names.map(who => ({
    who,
    'files/s': middle(who, 'perSecond'),
    [`times ${baseline}`]: ratio[who],
    'processor, µs a file': middle(who, 'cpuUs'),
  }));
  return { rows, ratio };
}

/** Runs each contender once a round, in turn, so that all of them see the same weather. @returns Lists of what they came to, by name. */
export async function interleaved(rounds, contenders) {
  const results = Object.fromEntries(Object.keys(contenders).map(name => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      globalThis.gc?.();
      results[name].push(await run(round));
    }
  }
  return results;
}
