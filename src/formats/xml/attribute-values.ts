/** Attributes of XML elements as values. A missing attribute and an empty one are `undefined`. */

import type { WsjfNumber } from '../../report/number-words.js';
import { localTime } from '../../report/start-time.js';
import type { StepStatus } from '../../report/status.js';
import { type Cell, readFinite, readInteger, readNumber, readOperator, readStatus, readTime } from '../mapping/cell.js';
import { unexpected } from '../place.js';
import { attributeOf, type XmlElement } from './xml-element.js';

/** The attribute as a cell, for the readings of cells. */
export function attributeCell(element: XmlElement, name: string): Cell | undefined {
  const text = attributeOf(element, name)?.trim();
  return text ? { text, place: { ...element.place, what: `${element.name}/@${name}` } } : undefined;
}

/** @throws FileFormatError when it is no number. */
export function numberAt(element: XmlElement, name: string): WsjfNumber | undefined {
  const cell = attributeCell(element, name);
  return cell && readNumber(cell, {});
}

/** @throws FileFormatError when it is no finite number. */
export function finiteAt(element: XmlElement, name: string): number | undefined {
  const cell = attributeCell(element, name);
  return cell && readFinite(cell, {});
}

/** @throws FileFormatError when it is no whole number. */
export function integerAt(element: XmlElement, name: string): number | undefined {
  const cell = attributeCell(element, name);
  return cell && readInteger(cell);
}

/** @throws FileFormatError when it is neither `true` nor `false`, `1` nor `0`. */
export function booleanAt(element: XmlElement, name: string): boolean | undefined {
  const cell = attributeCell(element, name);
  if (!cell) return undefined;
  const word = cell.text.toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  throw unexpected(cell.place, 'true or false', cell.text);
}

/** @throws FileFormatError when it is missing or no word for a status. */
export function statusAt(element: XmlElement, name: string): StepStatus {
  return readStatus(demanded(element, name), {});
}

/** @throws FileFormatError when it is no operator. */
export function operatorAt(element: XmlElement, name: string): string | undefined {
  const cell = attributeCell(element, name);
  return cell && readOperator(cell);
}

/** @throws FileFormatError when it is no time. */
export function timeAt(element: XmlElement, name: string): string | undefined {
  const cell = attributeCell(element, name);
  return cell && localTime(readTime(cell, {}));
}

/** @throws FileFormatError when it is missing. */
export function demanded(element: XmlElement, name: string): Cell {
  const cell = attributeCell(element, name);
  if (cell) return cell;
  throw unexpected(element.place, `attribute '${name}' of <${element.name}>`);
}
