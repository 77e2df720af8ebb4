import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../../src/errors.js';
import { WsxfConverter } from '../../../src/formats/index.js';
import { evaluateLimit, parseWsjf, type WsjfUutReport } from '../../../src/report/index.js';
import { runConverter } from '../../../src/testing/index.js';
import { hasSamples, sampleJson, samplePath } from '../../support/samples.js';
import { numericOf, stepsOf } from '../report/support.js';

/** Without what is not there: `null` and empty lists. */
function there(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(there);
  if (typeof json !== 'object' || json === null) return json;
  const fields = Object.entries(json).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0));
  return Object.fromEntries(fields.map(([name, value]) => [name, there(value)]));
}

describe('WsxfConverter', () => {
  it.skipIf(!hasSamples)('makes the same report as the WSJF export of the same test', async () => {
    const { status, reports, warnings } = await runConverter(new WsxfConverter(), samplePath('pyWATS/uut-wsxf-export.xml'));
    expect([status, warnings]).toEqual(['success', []]);
    expect(reports).toHaveLength(1);
    expect(there(reports[0])).toEqual(there(sampleJson('pyWATS/uut-wsjf-export.json')));
  });
});
