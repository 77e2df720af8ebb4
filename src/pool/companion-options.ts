/** Companion files: what a converter's options say of them. */

/** Files that belong to another one, such as the plot beside a table, and the policy for those that come late. */
export interface CompanionOptions {
  /** Without these the file is not complete. Names as in `{stem}.png`; see {@link ConverterCompanions.companions}. */
  required?: readonly string[];
  /** These are taken along where they are there in time. */
  optional?: readonly string[];
  /** How long a file waits for those that are missing, in ms from when it was first seen. Default 60,000. */
  waitMs?: number;
  /**
   * What happens when a required one has not come by then: 'wait' goes on waiting, 'fail' puts the file into the error folder
   * (`COMPANION_MISSING`), 'convert' converts it without. Default 'wait'.
   */
  late?: 'wait' | 'fail' | 'convert';
}

/** The part of a converter's options that is about companions. */
export interface ConverterCompanions {
  /**
   * Files in the same folder that belong to a file of this converter and make one unit with it: `{stem}` stands for its
   * name without the extension, `{name}` for the whole name. An array: all are required. Default: none.
   */
  companions?: readonly string[] | CompanionOptions;
}

/** {@link CompanionOptions} with every default filled in. */
export type Companions = Required<CompanionOptions>;

/** What is wrong with these options, in words that complete "companions …"; nothing when all is well. */
export function companionProblems(given: ConverterCompanions['companions']): string[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null) return ['must be a list of names or an object'];
  const { required, optional, waitMs, late } = resolveCompanions(given);
  if (!Array.isArray(required) || !Array.isArray(optional))
    return ['must have lists of names in required and optional'];
  const names = [...required, ...optional];
  const problems = names.filter(isWrong).map(name => {
    return `has '${String(name)}': a name must have {stem} or {name} in it, once, no folder, and not be '{name}' itself`;
  });
  if (names.length === 0) problems.push('must name at least one file');
  if (!(typeof waitMs === 'number' && waitMs >= 0 && waitMs < 2 ** 31))
    problems.push('must have a number of ms in waitMs');
  if (!['wait', 'fail', 'convert'].includes(late)) problems.push("must have 'wait', 'fail' or 'convert' in late");
  return problems;
}

/** Fills in the defaults. */
export function resolveCompanions(given: NonNullable<ConverterCompanions['companions']>): Companions {
  const options: CompanionOptions = Array.isArray(given) ? { required: given } : (given as CompanionOptions);
  const { required = [], optional = [], waitMs = 60_000, late = 'wait' } = options;
  return { required, optional, waitMs, late };
}

function isWrong(name: unknown): boolean {
  return (
    typeof name !== 'string' || name.split(/\{(?:stem|name)\}/).length !== 2 || /[/\\]/.test(name) || name === '{name}'
  );
}
