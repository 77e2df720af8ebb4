/** The words in which the tables of this folder say what may stand in a configuration file. */

interface Common {
  /** What it means, in one line: for editors and for the guide. */
  about: string;
  /** What holds where it is left out, in words. Absent: there is nothing then. */
  default?: string;
  /** Other names that are understood, each with what its number is multiplied by: `{ retryDelaySeconds: 1000 }`. */
  also?: Readonly<Record<string, number>>;
}

/** One key of a section. Keys are understood in camelCase and in snake_case. */
export type Field = Common &
  (
    | { kind: 'text' }
    /** A path, taken from the folder of the configuration file. An empty one counts as left out. */
    | { kind: 'folder' }
    | { kind: 'number'; min: number; max?: number; integer?: boolean }
    | { kind: 'flag' }
    /** One of several words; the case of letters does not matter. */
    | { kind: 'choice'; of: readonly string[] }
    /** Texts; a single one may stand without its list. */
    | { kind: 'list' }
    /** Texts by name. */
    | { kind: 'texts' }
    /** Whatever the converter takes. */
    | { kind: 'anything' }
    /** An object. With `listAs`, a list may stand in its place and is taken for that key of it. */
    | { kind: 'section'; fields: Section; listAs?: string }
    | { kind: 'sections'; fields: Section }
  );

/** The keys of an object in a file. */
export type Section = Readonly<Record<string, Field>>;

type More = Omit<Common, 'about'>;

export const text = (about: string, more: More = {}): Field => ({ kind: 'text', about, ...more });
export const folder = (about: string, more: More = {}): Field => ({ kind: 'folder', about, ...more });
export const flag = (about: string, more: More = {}): Field => ({ kind: 'flag', about, ...more });
export const list = (about: string, more: More = {}): Field => ({ kind: 'list', about, ...more });
export const texts = (about: string, more: More = {}): Field => ({ kind: 'texts', about, ...more });
export const anything = (about: string, more: More = {}): Field => ({ kind: 'anything', about, ...more });

export const number = (
  about: string,
  [min, max]: readonly [min: number, max?: number],
  more: More & { integer?: boolean } = {},
): Field => ({ kind: 'number', about, min, ...(max === undefined ? {} : { max }), ...more });

export const choice = (about: string, of: readonly string[], more: More = {}): Field => ({
  kind: 'choice',
  about,
  of,
  ...more,
});

export const section = (about: string, fields: Section, more: More & { listAs?: string } = {}): Field => ({
  kind: 'section',
  about,
  fields,
  ...more,
});

export const sections = (about: string, fields: Section, more: More = {}): Field => ({
  kind: 'sections',
  about,
  fields,
  ...more,
});
