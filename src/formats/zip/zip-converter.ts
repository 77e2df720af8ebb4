/** Converts the members of ZIP files with another converter. */
import { ConverterBase, type ConverterContext } from '../../converters/converter-base.js';
import { ConverterResult } from '../../converters/converter-result.js';
import type { AnyConverter } from '../../converters/run-conversion.js';
import type { ConverterSource } from '../../converters/source.js';
import { FileFormatError } from '../../errors.js';
import { readZip, type ZipLimits, type ZipMember } from './zip-reader.js';

/** Options of {@link ZipConverter}. */
export interface ZipConverterOptions extends ZipLimits {
  /** Converts the members that it supports by name. Others are left alone. */
  // biome-ignore lint/suspicious/noExplicitAny: a converter of any report and arguments.
  converter: ConverterBase<any, any>;
  /** The converter's name, unique in the pool. Default `zip-` and the name of the other. */
  name?: string;
  /** Endings of the files that it converts. Default `.zip`. */
  extensions?: readonly string[];
}

/**
 * Hands the members of a ZIP file to another converter. All their reports are delivered, or none: one member that fails
 * fails the file.
 *
 * ```ts
 * new ZipConverter({ converter: new CsvConverter({ … }) })
 * ```
 *
 * Members are read in memory, within limits, and nothing is unpacked to the disk. A file that is no sound ZIP file, goes
 * beyond a limit, names a place outside itself or holds no member for the converter fails with a `FileFormatError`.
 */
export class ZipConverter extends ConverterBase<object, ZipConverterOptions> {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions: readonly string[];
  readonly #inner: AnyConverter;

  constructor(options: ZipConverterOptions) {
    super(options);
    this.#inner = options.converter;
    this.name = options.name ?? `zip-${options.converter.name}`;
    this.version = options.converter.version;
    this.supportedExtensions = options.extensions ?? ['.zip'];
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<ZipConverterOptions>,
  ): Promise<ConverterResult<object>> {
    const { converter: _converter, name: _name, extensions: _extensions, ...limits } = context.arguments;
    const accept = (name: string): boolean => this.#inner.matchesFile(name);
    const reports: object[] = [];
    const warnings: string[] = [];
    let members = 0;
    for await (const member of readZip(source, { ...limits, accept, signal: context.signal })) {
      members += 1;
      const result = await this.#convertMember(member, context);
      if (result.status === 'suspended') return result;
      if (result.status === 'rejected') return ConverterResult.rejected(`${member.name}: ${result.reason}`);
      if (result.error) throw result.error;
      reports.push(...result.reports);
      const said = [...result.warnings, ...(result.reason === undefined ? [] : [`skipped: ${result.reason}`])];
      warnings.push(...said.map(warning => `${member.name}: ${warning}`));
    }
    if (members === 0) {
      throw new FileFormatError(`${source.name} holds nothing for converter '${this.#inner.name}'`, {
        expected: `a member for converter '${this.#inner.name}'`,
      });
    }
    if (reports.length === 0) return ConverterResult.skipped(warnings.join('; ') || 'its members hold no report');
    return ConverterResult.success(reports, { warnings });
  }

  override async initialize(): Promise<void> {
    await this.#inner.initialize?.();
  }

  override async dispose(): Promise<void> {
    await this.#inner.dispose?.();
  }

  async #convertMember(
    { source }: ZipMember,
    context: ConverterContext<ZipConverterOptions>,
  ): Promise<ConverterResult<object>> {
    const own = { ...context, arguments: this.#inner.arguments };
    const validation = await this.#inner.validate?.(source, own);
    if (validation && !validation.canConvert) {
      return ConverterResult.rejected(validation.message ?? `converter '${this.#inner.name}' cannot convert it`);
    }
    const returned: unknown = await this.#inner.convert(source, own);
    return returned instanceof ConverterResult ? returned : ConverterResult.success(returned as object);
  }
}
