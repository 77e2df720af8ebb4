/** An archive of measurements, and a converter of them in several versions. */
import { Readable } from 'node:stream';
import { afterEach } from 'vitest';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { ReprocessingEngine, type ReprocessingOptions } from '../../../src/archive/reprocessing/reprocessing-engine.js';
import type { ConversionFacts, SourceFacts } from '../../../src/archive/types.js';
import { ConverterBase, type ConverterContext } from '../../../src/converters/converter-base.js';
import { ConverterResult } from '../../../src/converters/converter-result.js';
import type { ConverterSource } from '../../../src/converters/source.js';
import { FileFormatError } from '../../../src/errors.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const temporaryFolder = temporaryFolders();
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

export const START = Date.UTC(2026, 0, 1);

/** `sn;value` to a report with one measured step. Each version may have another limit. */
export class Measurement extends ConverterBase<object, { unit?: string }> {
  readonly name = 'measurement';
  readonly supportedExtensions = ['.csv'];
  override readonly version: string;
  readonly #highLimit: number;

  constructor(version: string, highLimit = 5, args: { unit?: string } = { unit: 'V' }) {
    super(args);
    this.version = version;
    this.#highLimit = highLimit;
  }

  async convert(source: ConverterSource, context: ConverterContext<{ unit?: string }>) {
    const [sn = '', text = ''] = (await source.text()).trim().split(';');
    if (text === 'skip') return ConverterResult.skipped('nothing in it');
    const value = Number(text);
    if (Number.isNaN(value)) throw new FileFormatError(`'${text}' is no number`);
    const status = value <= this.#highLimit ? 'P' : 'F';
    const vout = { name: 'Vout', value, unit: context.arguments.unit, highLimit: this.#highLimit, status };
    return { sn, result: status, root: { name: 'Main', steps: [{ name: 'Voltage', numericMeas: [vout] }] } };
  }
}

export async function newArchive(folder?: string): Promise<ArchiveStorage> {
  const archive = new ArchiveStorage({ directory: folder ?? (await temporaryFolder()) });
  open.push(archive);
  return archive;
}

export function newEngine(archive: ArchiveStorage, options: Partial<ReprocessingOptions> = {}): ReprocessingEngine {
  const engine = new ReprocessingEngine({ archive, converters: [new Measurement('1.0.0')], ...options });
  open.push(engine);
  return engine;
}

/** Archives `content` as the pool does; each a minute after the one before. */
export async function put(
  archive: ArchiveStorage,
  contents: readonly string[],
  facts: Partial<SourceFacts & ConversionFacts> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, content] of contents.entries()) {
    const stream = Readable.from([Buffer.from(content)]);
    const timestamp = new Date(START + index * 60_000);
    const parameters = { unit: 'V' };
    const id = await archive.archiveSource(
      { path: `/watch/${index}.csv`, stream },
      { converterName: 'measurement', timestamp, parameters, ...facts },
    );
    await archive.updateConversion(id, {
      status: 'success',
      durationMs: 20,
      deliveredAt: timestamp,
      serialNumber: content.split(';')[0] ?? '',
      ...facts,
    });
    ids.push(id);
  }
  return ids;
}

export { temporaryFolder };
