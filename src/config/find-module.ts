/** From the `module_path` of a configuration file to the file of an ES module. */
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemCode } from '../errors.js';
import { type FileStat, nodeFileSystem } from '../files/file-system.js';

/** A module that was found. */
export interface FoundModule {
  /** A `file:` address. */
  url: string;
  /** The export that the path itself named: `my_converter.CsvConverter`. */
  exportName?: string;
  stat: Pick<FileStat, 'mtimeMs' | 'size'>;
}

const ENDINGS = ['', '.mjs', '.js', '.cjs'];

/**
 * Looks for it: as a path from `baseDir`, as the same with dots for slashes, with the last part for an export, and as a
 * package that is installed there, or here. Endings may be left out.
 * @returns The places that were looked at, when it is in none.
 */
export async function findModule(specifier: string, baseDir: string): Promise<FoundModule | readonly string[]> {
  if (specifier.startsWith('file:')) return (await atFile(fileURLToPath(specifier))) ?? [fileURLToPath(specifier)];
  const places = [{ path: resolve(baseDir, specifier), exportName: undefined as string | undefined }];
  if (!isAbsolute(specifier) && /^[\w.-]+$/.test(specifier)) {
    const parts = specifier.split('.');
    places.push({ path: join(baseDir, ...parts), exportName: undefined });
    if (parts.length > 1) places.push({ path: join(baseDir, ...parts.slice(0, -1)), exportName: parts.at(-1) });
  }
  for (const { path, exportName } of places) {
    const found = await atFile(path);
    if (found) return exportName === undefined ? found : { ...found, exportName };
  }
  const installed = isAbsolute(specifier) || specifier.startsWith('.') ? undefined : packageUrl(specifier, baseDir);
  const found = installed === undefined ? undefined : await atFile(fileURLToPath(installed));
  return found ?? places.map(({ path }) => path);
}

/** The file of this path, with or without its ending. */
async function atFile(path: string): Promise<FoundModule | undefined> {
  for (const ending of ENDINGS) {
    const stat = await nodeFileSystem.stat(path + ending).catch(() => undefined);
    if (stat?.isFile()) return { url: pathToFileURL(path + ending).href, stat };
  }
  return undefined;
}

/** A package as the folder of the file sees it; else as we do, which is how `millrace/formats` is found wherever the file lies. */
function packageUrl(specifier: string, baseDir: string): string | undefined {
  const attempts = [
    () => pathToFileURL(createRequire(join(baseDir, 'package.json')).resolve(specifier)).href,
    () => import.meta.resolve(specifier),
  ];
  return attempts.map(ifInstalled).find(url => url?.startsWith('file:'));
}

function ifInstalled(find: () => string): string | undefined {
  try {
    return find();
  } catch (thrown) {
    if (NOT_INSTALLED.has(systemCode(thrown) ?? '')) return undefined;
    throw thrown;
  }
}

const NOT_INSTALLED = new Set([
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_INVALID_MODULE_SPECIFIER',
]);
