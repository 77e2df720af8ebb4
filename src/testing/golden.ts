/** Golden files: what a converter makes of a sample is stored, and must stay so. */
import { AssertionError, deepStrictEqual } from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { systemCode } from '../errors.js';

/** Options of {@link matchGolden}. */
export interface GoldenOptions {
  /** Writes the file in place of comparing. Default: whether the environment has `MILLRACE_UPDATE_GOLDEN=1`. */
  update?: boolean;
}

/**
 * Compares a value, such as the reports of a conversion, with what is stored in a file as JSON. Look at a new file before
 * you commit it: from then on it is what the converter must make.
 *
 * ```ts
 * const { reports } = await runConverter(new LotConverter(), 'test/samples/lot.csv');
 * await matchGolden(reports, 'test/golden/lot.json');   // MILLRACE_UPDATE_GOLDEN=1 npm test, to write it
 * ```
 * @returns Whether the file was written.
 * @throws AssertionError of Node with the differences when they are not the same, or there is no such file; Node's own
 * errors when the file cannot be read or written.
 */
export async function matchGolden(actual: unknown, file: string, options: GoldenOptions = {}): Promise<boolean> {
  const { update = process.env.MILLRACE_UPDATE_GOLDEN === '1' } = options;
  const path = resolve(file);
  const written = `${JSON.stringify(actual, null, 2)}\n`;
  if (update) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, written);
    return true;
  }
  // What is compared is what is sent: fields that are undefined are gone.
  deepStrictEqual(JSON.parse(written), JSON.parse(await stored(path)));
  return false;
}

async function stored(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new AssertionError({
      message: `There is no golden file ${path}: run once with MILLRACE_UPDATE_GOLDEN=1, and look at what it holds`,
    });
  }
}
