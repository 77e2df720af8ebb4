/** What the testers of the demo write: files that look like those of a real line, made up as we go. */
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const started = (minutesAgo = 0) => new Date(Date.now() - minutesAgo * 60_000).toISOString();
const spread = (nominal, percent) => nominal * (1 + ((Math.random() - 0.5) * percent) / 100);
const resistors = ['R101', 'R102', 'R117', 'R230', 'R231'];

/** The file of an in-circuit tester. */
export function ictFile(serialNumber, { fails = false } = {}) {
  const lines = resistors.map((name, index) => {
    const value = fails && index === 3 ? 3.1e6 : spread(1e4, 1);
    return `MEAS;${name};${value.toExponential(4)};9.9000e+3;1.0100e+4;Ohm;${value < 1.01e4 ? 'PASS' : 'FAIL'}`;
  });
  const head = [`START;23462-TS;1.0.2;${started()}`, `BOARD;${serialNumber}`];
  return [...head, ...lines, `END;${fails ? 'FAIL' : 'PASS'};${spread(12, 20).toFixed(1)}`, ''].join('\r\n');
}

/** The file of a functional tester. */
export function functionalFile(serialNumber) {
  const step = (name, value, low, high, unit) =>
    `  <Step name="${name}" value="${value.toFixed(3)}" low="${low}" high="${high}" unit="${unit}" status="Passed"/>`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Unit partNumber="PSU-240" revision="C" serialNumber="${serialNumber}" station="FCT-02" started="${started()}" seconds="41" status="Passed">`,
    step('Output voltage', spread(24, 1), 23.5, 24.5, 'V'),
    step('Ripple', spread(18, 10), 0, 50, 'mV'),
    step('Efficiency', spread(91, 1), 88, 100, '%'),
    '</Unit>',
    '',
  ].join('\n');
}

/** The log of a burn-in chamber with these units. */
export function burnInFile(serialNumbers) {
  const slots = serialNumbers.map((serialNumber, index) => {
    const slot = String(index + 1).padStart(2);
    return `Slot ${slot}  ${serialNumber}  Tmax ${spread(71, 5).toFixed(1)} C  PASS`;
  });
  const head = ['Chamber: BI-03', 'Part: PSU-240 rev C', `Started: ${started(48 * 60)}`, 'Hours: 48', ''];
  return [...head, ...slots, ''].join('\n');
}

/** Puts a file where the station looks, as a careful tester does: under another name first, then renamed. */
export async function drop(path, content) {
  const unfinished = join(dirname(path), `${basename(path)}.part`);
  await writeFile(unfinished, content);
  await rename(unfinished, path);
}

/** As a careless tester does: the first half, and the rest a moment later. The station waits until the file rests. */
export async function dropInPieces(path, content) {
  const half = content.length >> 1;
  await writeFile(path, content.slice(0, half));
  await new Promise(resolve => setTimeout(resolve, 100));
  await writeFile(path, content.slice(half), { flag: 'a' });
}
