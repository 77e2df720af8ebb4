/** Paths into XML: the small part of XPath that a mapping needs. */
import { ConverterConfigError } from '../../errors.js';
import type { Cell } from '../mapping/cell.js';
import type { XmlElement } from './xml-element.js';

interface Step {
  /** The name of the elements; `*` for any. */
  name: string;
  /** An attribute that must have a value. */
  where: { attribute: string; value: string } | undefined;
}

/**
 * A path: names of elements with `/` between them. `*` is any element, `[@attribute='value']` after a name picks those
 * with such an attribute, `@attribute` at the end is an attribute, `.` is the element itself, and a `/` at the beginning
 * starts at the root of the document.
 */
export interface XmlPath {
  readonly text: string;
  readonly absolute: boolean;
  readonly steps: readonly Step[];
  readonly attribute: string | undefined;
}

const PART =
  /^(?<name>\*|[^\s/@[\]'"=]+)(?:\[@(?<attribute>[^\s/@[\]'"=]+)\s*=\s*(?:'(?<single>[^']*)'|"(?<double>[^"]*)")\])?$/;
const SPLIT = /(?:[^/[]|\[(?:'[^']*'|"[^"]*"|[^\]'"])*\])+/g;

/** @throws ConverterConfigError when it is no path. */
export function compilePath(text: string): XmlPath {
  const absolute = text.startsWith('/');
  const parts = text.match(SPLIT) ?? [];
  const wrong = new ConverterConfigError(
    `'${text}' is no path: expected one such as Header/SerialNumber, Test/@Name or Prop[@Name='SN']/Value`,
  );
  if (parts.join('/') !== text.slice(absolute ? 1 : 0) || parts.length === 0) throw wrong;
  const last = parts.at(-1) ?? '';
  const attribute = last.startsWith('@') ? last.slice(1) : undefined;
  if (attribute === '') throw wrong;
  const steps = (attribute === undefined ? parts : parts.slice(0, -1)).filter(part => part !== '.');
  return { text, absolute, attribute, steps: steps.map(part => toStep(part, wrong)) };
}

/** The elements at a path, in the order of the document. */
export function elementsAt(path: XmlPath, from: XmlElement, root: XmlElement): XmlElement[] {
  let found: readonly XmlElement[] = [from];
  let steps = path.steps;
  if (path.absolute) {
    const [first, ...others] = steps;
    found = first && matches(root, first) ? [root] : [];
    steps = others;
  }
  for (const step of steps) found = found.flatMap(element => element.children.filter(child => matches(child, step)));
  return [...found];
}

/** The first text or attribute at a path. */
export function cellAt(path: XmlPath, from: XmlElement, root: XmlElement): Cell | undefined {
  for (const element of elementsAt(path, from, root)) {
    const text = path.attribute === undefined ? element.text : element.attributes[path.attribute];
    if (text !== undefined) return { text: text.trim(), place: { ...element.place, what: path.text } };
  }
  return undefined;
}

function toStep(part: string, wrong: Error): Step {
  const { name, attribute, single, double } = PART.exec(part)?.groups ?? {};
  if (name === undefined) throw wrong;
  return { name, where: attribute === undefined ? undefined : { attribute, value: single ?? double ?? '' } };
}

function matches(element: XmlElement, { name, where }: Step): boolean {
  if (name !== '*' && element.name !== name) return false;
  return where === undefined || element.attributes[where.attribute] === where.value;
}
