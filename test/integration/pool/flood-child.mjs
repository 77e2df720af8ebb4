/**
 * A tester in a process of its own: drops files into a folder, half of them written under another name and renamed,
 * half written in pieces. Arguments: folder, count, longest pause between pieces in ms.
 */
import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [folder, count, maxPauseMs] = process.argv.slice(2);
const AT_ONCE = 50;

async function drop(n) {
  const lines = [`unit ${n}`, ...Array.from({ length: 5 }, (_, row) => `${row};${n * row}`), `end ${n}`];
  const path = join(folder, `live-${n}.txt`);
  if (n % 2 === 0) {
    await writeFile(`${path}.tmp`, lines.join('\n'));
    await rename(`${path}.tmp`, path);
    return;
  }
  const file = await open(path, 'w');
  for (const [row, line] of lines.entries()) {
    await file.write(row === 0 ? line : `\n${line}`);
    // Not after each line: the pauses fall at other places in each file.
    if ((n + row) % 4 === 0) await pause((n * 7 + row * 13) % Number(maxPauseMs));
  }
  await file.close();
}

let next = 0;
const worker = async () => {
  for (let n = next++; n < Number(count); n = next++) await drop(n);
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));
