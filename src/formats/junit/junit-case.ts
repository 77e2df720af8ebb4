/** A test case of JUnit XML. */
import type { StepStatus } from '../../report/status.js';
import { finiteAt } from '../xml/attribute-values.js';
import { attributeOf, childOf, type XmlElement } from '../xml/xml-element.js';

/** A test case, without the elements that it was read from. */
export interface JunitCase {
  readonly name: string;
  readonly className: string | undefined;
  readonly status: StepStatus;
  /** In seconds. */
  readonly seconds: number | undefined;
  readonly errorMessage: string | undefined;
  readonly text: string | undefined;
}

/** What a test case may hold. */
const KNOWN = new Set(['failure', 'error', 'skipped']);

/** Names of the elements of a test case that a report has no place for. */
export function foreignElements(element: XmlElement): string[] {
  return element.children.map(({ name }) => name).filter(name => !KNOWN.has(name));
}

/** @throws FileFormatError when its time is no number. */
export function toCase(element: XmlElement): JunitCase {
  const error = childOf(element, 'error');
  const failure = childOf(element, 'failure');
  const skipped = childOf(element, 'skipped');
  const why = error ?? failure ?? skipped;
  return {
    name: attributeOf(element, 'name') ?? '(no name)',
    className: attributeOf(element, 'classname'),
    status: error ? 'E' : failure ? 'F' : skipped ? 'S' : 'P',
    seconds: finiteAt(element, 'time'),
    errorMessage: attributeOf(why, 'message') ?? attributeOf(why, 'type'),
    text: why?.text.trim() || undefined,
  };
}
