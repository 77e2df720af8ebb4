/** A pool's options from a configuration file, or from an object of the same form. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, systemCode, toError } from '../errors.js';
import { nodeFileSystem } from '../files/file-system.js';
import type { PoolOptions } from '../pool/pool-options.js';
import { buildArchive } from './build-archive.js';
import { buildConverters } from './build-converters.js';
import { buildDelivery, type Given } from './build-delivery.js';
import { type Checking, checkSection } from './check.js';
import { type ConfigDocument, parseDocument } from './document.js';
import type { Environment } from './environment.js';
import { FILE_FIELDS } from './pool-fields.js';

/** What {@link loadConfig} takes beside the configuration. */
export interface LoadConfigOptions extends Given {
  /** Where `${NAME}` comes from. Default: `process.env`. */
  environment?: Environment;
  /** The folder that relative paths and modules are taken from. Default: that of the file; for an object, the current one. */
  baseDir?: string;
}

/** Keys of which something is made; the others are options of the pool as they are. */
const MADE = new Set([
  '$schema',
  'converterBasePath',
  'defaults',
  'converters',
  'converter',
  'startupScan',
  'submitter',
  'pending',
  'archive',
  'retention',
]);

/** The largest file that is read, in bytes: a configuration is written by hand. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a configuration in YAML or JSON and makes pool options of it: converters are imported and constructed, the
 * submitter and the pending queue are made. Nothing is started, and nothing is created on the disk.
 *
 * Keys may be in camelCase or in snake_case. The guide `configuration.md` lists all of them; `millrace/schema.json` tells
 * editors.
 *
 * @param config The path of a `.yaml`, `.yml` or `.json` file, its `file:` URL, or an object of the same form.
 * @throws ConfigError naming every problem at once, each with its path, its line and what to do.
 */
export async function loadConfig(config: string | URL | object, options: LoadConfigOptions = {}): Promise<PoolOptions> {
  const file = typeof config === 'string' ? config : config instanceof URL ? fileURLToPath(config) : undefined;
  const document = file === undefined ? inMemory(config) : await read(file);
  const checking: Checking = {
    baseDir: resolve(options.baseDir ?? (file === undefined ? '.' : dirname(file))),
    environment: options.environment ?? process.env,
    lineOf: document.lineOf,
    problems: [],
    written: new Map(),
  };
  const values = checkSection(checking, FILE_FIELDS, document.value ?? {}, []);
  const dataDir = (values.dataDir as string | undefined) ?? join(checking.baseDir, 'state');
  const built = await buildConverters(checking, values);
  const archiving = buildArchive(checking, { ...values, dataDir }, built, options.logger);
  const delivery = buildDelivery(checking, { ...values, dataDir }, options);
  if (checking.problems.length > 0) throw new ConfigError(sorted(checking.problems));
  const startupScan = { ...(values.converter as object | undefined), ...(values.startupScan as object | undefined) };
  return {
    ...Object.fromEntries(Object.entries(values).filter(([key]) => !MADE.has(key))),
    dataDir,
    ...archiving,
    ...(Object.keys(startupScan).length > 0 ? { startupScan } : {}),
    ...delivery,
    ...(options.logger ? { logger: options.logger } : {}),
  };
}

async function read(file: string): Promise<ConfigDocument> {
  let bytes: Uint8Array;
  try {
    const { size } = await nodeFileSystem.stat(file);
    if (size > MAX_BYTES) throw new ConfigError([{ path: file, message: `has ${size} bytes; ${MAX_BYTES} are read` }]);
    bytes = await nodeFileSystem.readFile(file);
  } catch (thrown) {
    if (thrown instanceof ConfigError) throw thrown;
    const message = systemCode(thrown) === 'ENOENT' ? 'does not exist' : `cannot be read: ${toError(thrown).message}`;
    throw new ConfigError([{ path: resolve(file), message }], { cause: thrown });
  }
  return parseDocument(new TextDecoder().decode(bytes), file);
}

function inMemory(value: unknown): ConfigDocument {
  return { value, lineOf: () => undefined };
}

/** In the order of the file. */
function sorted(problems: ConfigError['problems']): ConfigError['problems'] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
