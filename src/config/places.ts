/** Where problems are told that show only after the values were checked: at the place in the file that is meant. */
import { ConfigError } from '../errors.js';
import { type Checking, problemAt } from './check.js';
import { formatPath, type Path } from './document.js';

/** Where a value stands in the file, by its path in the table's spelling; the nearest thing that stands there, else. */
export function writtenAt(checking: Checking, path: Path): Path {
  const exact = checking.written.get(formatPath(path));
  if (exact || path.length === 0) return exact ?? path;
  const above = writtenAt(checking, path.slice(0, -1));
  return [...above, path.at(-1) as string | number];
}

/** Whether a problem is named at this place already. */
export function isWrong(checking: Checking, path: Path): boolean {
  const written = formatPath(writtenAt(checking, path));
  return checking.problems.some(problem => problem.path === written);
}

/** Makes it; what its constructor refuses is a problem of the section that it is made from. */
export function attempt<T>(checking: Checking, section: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const { path, message, hint } of thrown.problems)
      problemAt(checking, writtenAt(checking, [section, ...steps(path)]), message, hint);
    return undefined;
  }
}

/** `policies[1].keepLast` as the steps of it. */
function steps(path: string): Path {
  return [...path.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([step, index]) => (index === undefined ? step : Number(index)));
}
