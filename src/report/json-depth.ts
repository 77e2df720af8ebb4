/** How deep JSON may nest: what nests deeper would overflow the stack of whoever walks or writes it. */

/** Levels of objects and arrays. A report with sequences forty levels deep needs a hundred. */
export const MAX_JSON_DEPTH = 256;

/** Whether a JSON value has more than {@link MAX_JSON_DEPTH} levels. */
export function nestsTooDeep(json: unknown): boolean {
  const open: { value: unknown; depth: number }[] = [{ value: json, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    const depth = next.depth + 1;
    if (depth > MAX_JSON_DEPTH) return true;
    for (const value of Object.values(next.value)) open.push({ value, depth });
  }
  return false;
}
