/** Which elements of two arrays are the same thing: by name where they have names, else by position. */

/** An element, and what it is in the other array. */
interface ElementPair {
  /** Its position, or its name as JSON, with `#2` and so on where others before it have the same name. */
  readonly label: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface MatchedElements {
  /** In the order of the second array, with what only the first has at the end. */
  readonly pairs: readonly ElementPair[];
  /** The names that both have, in the order of each, where that is not the same. */
  readonly reordered: { before: readonly string[]; after: readonly string[] } | undefined;
}

/** Fields that name an element, the most telling first. */
const NAMES = ['name', 'description', 'sn', 'code'] as const;

export function matchElements(before: readonly unknown[], after: readonly unknown[]): MatchedElements {
  const key = NAMES.find(name => [before, after].every(all => all.every(element => nameOf(element, name) !== '')));
  if (key === undefined || before.length + after.length === 0)
    return { pairs: byPosition(before, after), reordered: undefined };
  const first = labelled(before, key);
  const second = labelled(after, key);
  const pairs: ElementPair[] = [...second].map(([label, element]) => ({
    label,
    before: first.get(label),
    after: element,
  }));
  for (const [label, element] of first)
    if (!second.has(label)) pairs.push({ label, before: element, after: undefined });
  const orders = {
    before: [...first.keys()].filter(label => second.has(label)),
    after: [...second.keys()].filter(label => first.has(label)),
  };
  const sameOrder = orders.before.every((label, index) => label === orders.after[index]);
  return { pairs, reordered: sameOrder ? undefined : orders };
}

function byPosition(before: readonly unknown[], after: readonly unknown[]): ElementPair[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
    label: String(index),
    before: before[index],
    after: after[index],
  }));
}

function labelled(elements: readonly unknown[], key: (typeof NAMES)[number]): Map<string, unknown> {
  const seen = new Map<string, number>();
  const labels = new Map<string, unknown>();
  for (const element of elements) {
    const name = JSON.stringify(nameOf(element, key));
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    labels.set(count === 1 ? name : `${name}#${count}`, element);
  }
  return labels;
}

/** The text of a field that names the element; empty when there is none. */
function nameOf(element: unknown, key: string): string {
  const value: unknown = typeof element === 'object' && element !== null ? Reflect.get(element, key) : undefined;
  return typeof value === 'string' ? value : '';
}
