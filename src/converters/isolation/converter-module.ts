/** A converter that is not an object of this thread but a module, which other threads or processes load. */

/** Which converter a worker makes. */
export interface ConverterModule {
  /** Absolute path or `file:` URL of an ES module, or the name of a package. */
  module: string | URL;
  /** The export: a class that extends `ConverterBase`, or an object of one. Default: the default one, or else the only one. */
  export?: string;
  /** What the class is constructed with; plain data. */
  arguments?: Record<string, unknown>;
  /** In place of the name that the class gives its objects. */
  name?: string;
}

/** Where a converter runs that is a module: in threads of this process, or in processes of their own. */
export type IsolationKind = 'worker' | 'process';

/** Whether a value is such a description, and not a converter. */
export function isConverterModule(value: unknown): value is ConverterModule {
  return (
    typeof value === 'object' &&
    value !== null &&
    'module' in value &&
    (typeof value.module === 'string' || value.module instanceof URL)
  );
}
