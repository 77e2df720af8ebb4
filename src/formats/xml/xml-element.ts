/** What is read of an XML file: elements, and how to look into them. */
import type { Place } from '../place.js';

/** An element of an XML file. Names are without their namespace prefix. */
export interface XmlElement {
  readonly name: string;
  /** By name as it is written, with a prefix where it has one. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Its elements, in their order. */
  readonly children: XmlElement[];
  /** Its own text, without that of its elements, with white space as it is in the file. */
  readonly text: string;
  /** Where its tag is. */
  readonly place: Place;
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find(child => child.name === name);
}

/** The children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/** An attribute; an empty one counts as missing. */
export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  return element?.attributes[name] || undefined;
}
