import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import type { ConverterResult } from '../../../src/converters/converter-result.js';
import { FileSource } from '../../../src/converters/file-source.js';
import { type AnyConverter, runConversion } from '../../../src/converters/run-conversion.js';
import { FileFormatError } from '../../../src/errors.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { JsonConverter, WsjfConverter } from '../../../src/formats/index.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { UutReport } from '../../../src/report/index.js';
import { repoRoot } from '../../support/run.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { HEADER, hasSamples, SAMPLES } from '../report/support.js';

const newFolder = temporaryFolders();

/** Converts content as the pool does. */
async function run(converter: AnyConverter, content: string | Uint8Array, name = 'a.json'): Promise<ConverterResult> {
  const path = join(await newFolder(), name);
  await writeFile(path, content);
  return runConversion({
    converter,
    source: await FileSource.read({ fs: nodeFileSystem, path }),
    facts: {
      arguments: { ...converter.arguments },
      logger: silentLogger,
      attempt: 1,
      correlationId: 'c',
      stationName: 's',
      folders: { watch: '', done: '', error: '', pending: '' },
    },
    timeoutMs: 30_000,
    rejectThreshold: 0.2,
    clock: systemClock,
    signal: new AbortController().signal,
  });
}

const failure = async (...args: Parameters<typeof run>): Promise<string> => {
  const { status, error } = await run(...args);
  expect(status).toBe('failed');
  expect(error).toBeInstanceOf(FileFormatError);
  return error?.message ?? '';
};

const report = (sn: string) => new UutReport({ ...HEADER, sn }).toWsjf();

describe('WsjfConverter', () => {
  it.skipIf(!hasSamples).each(SAMPLES)('delivers %s as it is', async name => {
    const content = await readFile(join(repoRoot, '../shared/samples/pyWATS', name));
    const { reports } = await run(new WsjfConverter(), content);
    expect(reports).toEqual([JSON.parse(String(content))]);
  });

  it('takes an array of reports, in order, in UTF-16 too', async () => {
    const reports = [report('S1'), report('S2')];
    const utf16 = Buffer.from(`\ufeff${JSON.stringify(reports)}`, 'utf16le');
    expect(await run(new WsjfConverter(), utf16)).toMatchObject({ status: 'success', reports });
    expect(await run(new WsjfConverter(), '[]')).toMatchObject({ status: 'skipped' });
  });

  it('fails with every place that is wrong; one bad report fails the file', async () => {
    const bad = { ...report('S2'), pn: 7, root: { ...report('S2').root, status: 'Good' } };
    const message = await failure(new WsjfConverter(), JSON.stringify([report('S1'), bad, 5]));
    expect(message).toContain(
      'a.json is not a valid WSJF report: [1].pn must be text of 1 to 100 characters, and is 7',
    );
    expect(message).toContain('[1].root.status must be one of P, F, S, D, E, T, and is "Good"');
    expect(message).toContain('[2] must be a report');
    expect(await failure(new WsjfConverter(), '{"type": "T"}')).toContain('root is required');
  });

  it('fails where the JSON ends, is too big or nests too deep', async () => {
    const text = JSON.stringify(report('S1'), null, 2);
    const cut = text.slice(0, text.indexOf('"rev"'));
    expect(await failure(new WsjfConverter(), cut)).toMatch(/a\.json is not JSON at line 5, column 3: expected a name/);
    expect(await failure(new WsjfConverter({ maxBytes: 10 }), text)).toContain('expected a JSON file of at most 10');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(await failure(new WsjfConverter(), deep)).toContain('nests deeper than the 256 levels');
  });

  it('is known by name and endings', () => {
    expect(new WsjfConverter().matchesFile('in/A.JSON')).toBe(true);
    const named = new WsjfConverter({ name: 'line-2', extensions: ['.rep'] });
    expect([named.name, named.matchesFile('a.rep'), named.matchesFile('a.json')]).toEqual(['line-2', true, false]);
  });
});

describe('JsonConverter', () => {
  it('delivers an object, or each object of an array, as it is', async () => {
    expect((await run(new JsonConverter(), '{"a": 1}')).reports).toEqual([{ a: 1 }]);
    expect((await run(new JsonConverter(), '[{"a": 1}, {"b": 2}]')).reports).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it('maps with the function of the user', async () => {
    const converter = new JsonConverter<{ sn: string; from: string }>({
      name: 'burn-in',
      version: '2.0.0',
      map: async (json, source) => (json as { units: string[] }).units.map(sn => ({ sn, from: source.name })),
    });
    const { reports } = await run(converter, '{"units": ["S1", "S2"]}');
    expect(reports).toEqual([
      { sn: 'S1', from: 'a.json' },
      { sn: 'S2', from: 'a.json' },
    ]);
    expect([converter.name, converter.version]).toEqual(['burn-in', '2.0.0']);
  });

  it('fails with line and column on what is no JSON', async () => {
    expect(await failure(new JsonConverter(), '{\n  "a": 1,\n  "b": }')).toBe(
      'a.json is not JSON at line 3, column 8: expected a value',
    );
    expect(await failure(new JsonConverter(), '')).toContain('line 1, column 1');
  });

  it('fails when what it holds is no report', async () => {
    expect(await failure(new JsonConverter(), '"text"')).toContain('a.json is no object');
    expect(await failure(new JsonConverter(), '[{}, 5]')).toContain('element 1 of a.json is no object');
  });
});
