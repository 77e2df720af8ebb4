/** From checked values to the candidate that runs beside a converter. */
import type { ShadowOptions } from '../pool/shadow-options.js';
import { type Checking, problemAt } from './check.js';
import type { Path } from './document.js';
import { makeConverter } from './make-converter.js';
import { isWrong, writtenAt } from './places.js';

type Values = Readonly<Record<string, unknown>>;

/**
 * Imports and makes it, with the name and, where it has none of its own, the arguments of its converter. It runs on the
 * thread of the pool, whatever the converter's isolation is.
 * @param path Where the candidate stands in the file.
 */
export async function buildShadow(
  checking: Checking,
  given: Values,
  converter: { name: string | undefined; arguments: Record<string, unknown> },
  path: Path,
): Promise<ShadowOptions | undefined> {
  const { modulePath, className, arguments: args = converter.arguments, ...options } = given;
  const wrong = (key: string, message: string, hint?: string): void => {
    const at = [...path, ...key.split('.')];
    if (!isWrong(checking, at)) problemAt(checking, writtenAt(checking, at), message, hint);
  };
  if (modulePath === undefined) {
    wrong('modulePath', 'is required', 'Give the path of the ES module that exports the candidate.');
    return undefined;
  }
  const made = await makeConverter(
    {
      name: converter.name,
      modulePath: modulePath as string,
      className: className as string | undefined,
      arguments: args as Record<string, unknown>,
    },
    checking.baseDir,
  );
  if (!Array.isArray(made)) return { ...options, converter: made };
  // Its name is that of the converter: what is wrong with that is wrong with the module.
  for (const { key, message, hint } of made) wrong(key === 'name' ? 'modulePath' : key, message, hint);
  return undefined;
}
