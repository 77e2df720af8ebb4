/** Properties of TestStand: what its XML is made of. */

import type { WsjfNumber } from '../../report/number-words.js';
import { type Cell, type Notation, readFinite, readInteger, readNumber } from '../mapping/cell.js';
import { type Place, unexpected } from '../place.js';
import type { XmlElement } from '../xml/xml-element.js';

/** A property: a value, or properties within it, or the elements of an array. */
export interface Property {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly properties: ReadonlyMap<string, Property>;
  readonly elements: readonly Property[];
  readonly place: Place;
}

/** Numbers as TestStand writes them. */
const NOTATION: Notation = {};

/**
 * Makes properties of elements, which are cleared as they are taken, so that the file is never in memory as a whole.
 * Call `take` with each element when it is complete.
 */
export class PropertyReader {
  readonly #properties = new WeakMap<XmlElement, Property>();

  /** The property, when the element is one. */
  take(element: XmlElement): Property | undefined {
    if (element.name !== 'Prop') return undefined;
    const properties = new Map<string, Property>();
    const elements: Property[] = [];
    let text = '';
    for (const child of element.children) {
      const property = this.#properties.get(child);
      if (property) properties.set(property.name, property);
      if (child.name !== 'Value') continue;
      text ||= child.text;
      const [held] = this.of(child);
      if (held) elements.push(held);
    }
    element.children.length = 0;
    const { Name: name = '', Type: type = '' } = element.attributes;
    const made: Property = { name, type, text, properties, elements, place: element.place };
    this.#properties.set(element, made);
    return made;
  }

  /** The properties in an element. */
  of(element: XmlElement): Property[] {
    return element.children.flatMap(child => this.#properties.get(child) ?? []);
  }
}

/** The property at a path of names with `.` between them. */
export function propertyAt(from: Property | undefined, path: string): Property | undefined {
  let found = from;
  for (const name of path.split('.')) found = found?.properties.get(name);
  return found;
}

/** The text at a path; an empty one counts as missing. */
export function textAt(from: Property | undefined, path: string): string | undefined {
  return propertyAt(from, path)?.text || undefined;
}

/** @throws FileFormatError when it is no number. */
export function numberIn(from: Property | undefined, path: string): WsjfNumber | undefined {
  const cell = cellAt(from, path);
  return cell && readNumber(cell, NOTATION);
}

/** @throws FileFormatError when it is no finite number. */
export function finiteIn(from: Property | undefined, path: string): number | undefined {
  const cell = cellAt(from, path);
  return cell && readFinite(cell, NOTATION);
}

/** @throws FileFormatError when it is no whole number. */
export function integerIn(from: Property | undefined, path: string): number | undefined {
  const cell = cellAt(from, path);
  return cell && readInteger(cell);
}

/** @throws FileFormatError when it is neither `True` nor `False`. */
export function booleanIn(from: Property | undefined, path: string): boolean | undefined {
  const cell = cellAt(from, path);
  if (!cell) return undefined;
  const word = cell.text.toLowerCase();
  if (word !== 'true' && word !== 'false') throw unexpected(cell.place, 'True or False', cell.text);
  return word === 'true';
}

/** The text at a path and where it is; `undefined` where there is none. */
export function cellAt(from: Property | undefined, path: string): Cell | undefined {
  const property = propertyAt(from, path);
  const text = property?.text.trim();
  return property && text ? { text, place: { ...property.place, what: path } } : undefined;
}
