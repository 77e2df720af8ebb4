import { describe, expect, it } from 'vitest';
import { Measurement, newArchive, newEngine, put } from './support.js';

const LIMIT = 'root.steps["Voltage"].numericMeas["Vout"].highLimit';
const values = ['S0;1', 'S1;2', 'S2;3'];

describe('the comparison of two versions of a converter', () => {
  it('names the one limit in which they differ, and nothing else', async () => {
    const archive = await newArchive();
    const ids = await put(archive, values, { converterVersion: '1.0.0' });
    const engine = newEngine(archive, { converters: [new Measurement('1.0.0', 5), new Measurement('1.1.0', 5.5)] });
    const told: string[] = [];
    const events: [string, object][] = [];
    for (const event of ['progress', 'differed', 'compared'] as const)
      engine.on(event, (payload: object) => events.push([event, payload]));
    const comparison = await engine.compare({
      converterName: 'measurement',
      concurrency: 2,
      onDifference: ({ archiveId }) => told.push(archiveId),
    });
    expect(comparison).toMatchObject({ total: 3, compared: 3, identical: 0, different: 3, failed: 0, complete: true });
    expect(comparison.summary).toEqual([
      { kind: 'changed', path: LIMIT, concerns: 'limit', entries: 3, count: 3, before: 5, after: 5.5, examples: ids },
    ]);
    expect(comparison.entries[0]).toMatchObject({ archiveId: ids[0], serialNumber: 'S0' });
    expect(comparison.entries[0]?.differences).toHaveLength(1);
    expect(told).toEqual(ids);
    expect(events.map(([event]) => event).sort()).toEqual([
      'compared',
      ...Array(3).fill('differed'),
      ...Array(3).fill('progress'),
    ]);
    expect(events.find(([event]) => event === 'differed')?.[1]).toEqual({
      converterName: 'measurement',
      correlationId: ids[0],
      ...comparison.entries[0],
    });
    expect(events.at(-1)).toEqual(['compared', { converterName: 'measurement', ...comparison }]);
  });

  it('names the units whose verdict it changes', async () => {
    const archive = await newArchive();
    const ids = await put(archive, ['S0;1', 'S1;5.2', 'S2;9'], { converterVersion: '1.0.0' });
    const engine = newEngine(archive, { converters: [new Measurement('1.0.0', 5), new Measurement('1.1.0', 5.5)] });
    const { summary } = await engine.compare({ converterName: 'measurement', ignore: ['**.highLimit'] });
    expect(summary).toMatchObject([
      { path: 'result', concerns: 'status', entries: 1, examples: [ids[1]], before: 'F', after: 'P' },
      { path: 'root.steps["Voltage"].numericMeas["Vout"].status', concerns: 'status', entries: 1 },
    ]);
  });

  it('compares with the archived reports, where there are any', async () => {
    const archive = await newArchive();
    const ids = await put(archive, values, { converterVersion: '0.1.0' });
    for (const id of ids.slice(0, 2)) {
      const { reports } = await newEngine(archive).reprocessSingle(id);
      await archive.archiveReport(reports[0] as object, id);
    }
    const engine = newEngine(archive, { converters: [new Measurement('2.0.0', 5)] });
    const same = await engine.compare({ converterName: 'measurement' });
    expect(same).toMatchObject({ compared: 2, identical: 2, skipped: 1 });
    expect(same.notCompared).toEqual([{ archiveId: ids[2], message: 'there is nothing to compare with' }]);
    const other = newEngine(archive, { converters: [new Measurement('2.0.0', 5), new Measurement('1.0.0', 4)] });
    const versions = await other.compare({ converterName: 'measurement', baseline: { version: '1.0.0' } });
    expect(versions).toMatchObject({ compared: 3, different: 3 });
    expect(versions.summary).toMatchObject([{ path: LIMIT, before: 4, after: 5 }]);
  });

  it('tells when one version converts what the other does not', async () => {
    class Strict extends Measurement {
      override async convert(...args: Parameters<Measurement['convert']>) {
        if ((await args[0].text()).startsWith('S1')) throw new Error('S1 is not ours any more');
        return super.convert(...args);
      }
    }
    const archive = await newArchive();
    const ids = await put(archive, ['S0;1', 'S1;2', 'S2;x'], { converterVersion: '1.0.0' });
    const engine = newEngine(archive, { converters: [new Measurement('1.0.0'), new Strict('1.1.0')] });
    const comparison = await engine.compare({ converterName: 'measurement' });
    expect(comparison).toMatchObject({ compared: 2, identical: 1, different: 1, failed: 1 });
    expect(comparison.entries[0]?.differences).toMatchObject([
      { path: '(outcome)', before: 'success', after: 'failed: S1 is not ours any more' },
    ]);
    expect(comparison.errors).toEqual([{ archiveId: ids[2], message: "failed: 'x' is no number" }]);
  });

  it('lists so many entries and counts all', async () => {
    const archive = await newArchive();
    await put(archive, values, { converterVersion: '1.0.0' });
    const engine = newEngine(archive, { converters: [new Measurement('1.0.0', 5), new Measurement('1.1.0', 6)] });
    const comparison = await engine.compare({ converterName: 'measurement', maxEntries: 1 });
    expect(comparison.entries).toHaveLength(1);
    expect(comparison).toMatchObject({ different: 3, summary: [{ entries: 3 }] });
  });
});
