/** The converters that a replay may use: several versions of each, and the newest of them is the current one. */
import { isConverterModule } from '../../converters/isolation/converter-module.js';
import type { AnyConverter } from '../../converters/run-conversion.js';
import { ConfigError, type ConfigProblem, ConverterConfigError } from '../../errors.js';

/** Found by name and version. */
export class ConverterShelf {
  readonly #versions = new Map<string, Map<string, AnyConverter>>();

  /** @throws ConfigError when a converter has no name, or two have the same name and version. */
  constructor(converters: readonly AnyConverter[]) {
    const problems: ConfigProblem[] = [];
    for (const [index, converter] of converters.entries()) {
      if (isConverterModule(converter)) {
        const message = 'must be a converter and no module: a replay converts on this thread, and not in workers';
        problems.push({ path: `converters[${index}]`, message });
        continue;
      }
      const { name, version } = converter;
      const versions = this.#versions.get(name) ?? new Map<string, AnyConverter>();
      if (typeof name !== 'string' || name === '')
        problems.push({ path: `converters[${index}].name`, message: 'must be a text that is not empty' });
      if (versions.has(version))
        problems.push({ path: `converters[${index}]`, message: `'${name}' has version ${version} twice` });
      this.#versions.set(name, versions.set(version, converter));
    }
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** The newest version. @throws ConverterConfigError when there is none. */
  current(name: string): AnyConverter {
    const versions = [...(this.#versions.get(name)?.values() ?? [])];
    const newest = versions.reduce<AnyConverter | undefined>(
      (best, one) => (best === undefined || compareVersions(one.version, best.version) > 0 ? one : best),
      undefined,
    );
    if (newest) return newest;
    const known = [...this.#versions.keys()].map(one => `'${one}'`).join(', ') || 'none';
    throw new ConverterConfigError(`There is no converter '${name}' to replay with; there is ${known}`, {
      hints: HINTS,
    });
  }

  /** This version, where it is there. */
  find(name: string, version: string): AnyConverter | undefined {
    return this.#versions.get(name)?.get(version);
  }

  /** @throws ConverterConfigError naming the versions that are not there, and those that are. */
  require(name: string, wanted: readonly { version: string; entries: number }[]): void {
    const missing = wanted.filter(({ version }) => !this.find(name, version));
    if (missing.length === 0) return;
    const words = missing.map(
      ({ version, entries }) => `${version} (${entries} ${entries === 1 ? 'entry' : 'entries'})`,
    );
    const known = [...(this.#versions.get(name)?.keys() ?? [])].sort(compareVersions).join(', ') || 'none';
    throw new ConverterConfigError(
      `Of converter '${name}', version ${words.join(', ')} is not there; nothing was started. There is ${known}`,
      { hints: HINTS },
    );
  }

  [Symbol.iterator](): IterableIterator<AnyConverter> {
    return [...this.#versions.values()].flatMap(versions => [...versions.values()]).values();
  }
}

const HINTS = ['Give the engine each version that it is to use, in `converters`, or use the current one.'];

/** As version numbers: `1.10.0` is after `1.9.0`, and `2.0.0-beta` before `2.0.0`. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(version => /^v?([^-+]*)(-[^+]*)?/.exec(version));
  const numbers = (left?.[1] ?? '').localeCompare(right?.[1] ?? '', 'en', { numeric: true });
  if (numbers !== 0) return numbers;
  const [before, after] = [left?.[2] ?? '', right?.[2] ?? ''];
  // What comes after a `-` is not finished yet.
  if ((before === '') !== (after === '')) return before === '' ? 1 : -1;
  return before.localeCompare(after, 'en', { numeric: true });
}
