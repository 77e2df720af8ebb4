/** `${NAME}` and `${NAME:-default}` in the texts of a configuration file, so that secrets need not stand in it. */

/** Where variables come from; `process.env` has this shape. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its variables put in. */
export interface Filled {
  value: string;
  /** Whether there was any. A value that came from outside must not be shown in a message. */
  fromOutside: boolean;
  /** Variables that are not set and have no default. */
  missing: string[];
}

const VARIABLE = /\$(\$(?=\{))|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Puts them in. `$${` stands for `${` itself. A variable that is set but empty takes its default, as in a shell. */
export function fillIn(given: string, environment: Environment): Filled {
  const missing: string[] = [];
  let fromOutside = false;
  const value = given.replace(
    VARIABLE,
    (_, escaped: string | undefined, name: string, fallback: string | undefined) => {
      if (escaped !== undefined) return '$';
      fromOutside = true;
      const set = environment[name];
      if (set !== undefined && (set !== '' || fallback === undefined)) return set;
      if (fallback === undefined) missing.push(name);
      return fallback ?? '';
    },
  );
  return { value, fromOutside, missing };
}
