/** Real reports, which are not part of the repo, and a small one that is valid. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WsjfNumericMeasurement, WsjfStep, WsjfStringMeasurement } from '../../../src/report/index.js';
import { repoRoot } from '../../support/run.js';

const samples = join(repoRoot, '../shared/samples/pyWATS');

export const SAMPLES = ['uut-wsjf-export.json', 'new_report_example.json', 'uur_example.json'];
export const hasSamples = existsSync(samples);

export function readSample(name: string): unknown {
  return JSON.parse(readFileSync(join(samples, name), 'utf8'));
}

/** Every step of a report, parents before their children. */
export function stepsOf(step: WsjfStep): WsjfStep[] {
  return [step, ...(step.steps ?? []).flatMap(stepsOf)];
}

export function numericOf(root: WsjfStep): WsjfNumericMeasurement[] {
  return stepsOf(root).flatMap(step => step.numericMeas ?? []);
}

export function stringsOf(root: WsjfStep): WsjfStringMeasurement[] {
  return stepsOf(root).flatMap(step => step.stringMeas ?? []);
}

/** What every report needs. */
export const HEADER = {
  pn: 'PART-1',
  sn: 'S1',
  rev: 'A',
  processCode: 10,
  machineName: 'ICT-1',
  location: 'Line 2',
  purpose: 'Production',
  start: '2026-01-30T22:01:41.4707353+01:00',
};
