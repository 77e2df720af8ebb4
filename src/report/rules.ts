/**
 * The few rules that the schema of a report is made of. Each names what it finds with the path at which it was
 * found.
 */
import { validate as isUuid } from 'uuid';
import { toNumber } from './number-words.js';

/** Something that is wrong with a report. */
export interface WsjfProblem {
  /** Where, as `root.steps[2].numericMeas[0].compOp`; empty for the report as a whole. */
  path: string;
  message: string;
}

/** Looks at a value and adds what is wrong with it. */
export type Rule = (value: unknown, path: string, problems: WsjfProblem[]) => void;

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** A rule that is one condition. */
export function must(be: string, holds: (value: unknown) => boolean): Rule {
  return (value, path, problems) => {
    if (!holds(value)) problems.push({ path, message: `must be ${be}, and is ${shown(value)}` });
  };
}

export const integer = must('a whole number', Number.isSafeInteger);
export const finite = must('a number', Number.isFinite);
export const numberOrWord = must(
  'a number, "NaN" or "Inf"',
  value => Number.isFinite(value) || (typeof value === 'string' && toNumber(value) !== undefined),
);
export const boolean = must('true or false', value => typeof value === 'boolean');
export const anyText = must('text', value => typeof value === 'string');
export const anyList = must('an array', Array.isArray);
export const guid = must('a UUID', value => typeof value === 'string' && isUuid(value));
export const time = must(
  'a time such as 2026-01-30T22:01:41.470+01:00',
  value => typeof value === 'string' && ISO_TIME.test(value) && !Number.isNaN(Date.parse(value)),
);

/** Text of `min` to `max` characters. */
export function text(max: number, min = 0): Rule {
  const range = min > 0 ? `${min} to ${max}` : `at most ${max}`;
  return must(
    `text of ${range} characters`,
    value => typeof value === 'string' && value.length <= max && value.trim().length >= min,
  );
}

/** One of some words, exactly as written. */
export function oneOf(words: readonly string[]): Rule {
  return must(`one of ${words.join(', ')}`, value => typeof value === 'string' && words.includes(value));
}

/** An array of which each element follows a rule. */
export function listOf(rule: Rule): Rule {
  return (value, path, problems) => {
    if (!Array.isArray(value)) return anyList(value, path, problems);
    value.forEach((element, index) => {
      rule(element, `${path}[${index}]`, problems);
    });
  };
}

/** An object with fields that must be there and fields that may be missing or `null`. Others are not looked at. */
export function record(required: Record<string, Rule>, optional: Record<string, Rule>): Rule {
  const fields = [...Object.entries(required), ...Object.entries(optional)];
  return (value, path, problems) => {
    if (!isRecord(value)) return problems.push({ path, message: `must be an object, and is ${shown(value)}` });
    for (const [name, rule] of fields) {
      const field = value[name];
      if (isThere(field)) rule(field, at(path, name), problems);
      else if (name in required) problems.push({ path: at(path, name), message: 'is required' });
    }
    return undefined;
  };
}

/** Several rules for one value. */
export function all(...rules: readonly Rule[]): Rule {
  return (value, path, problems) => {
    for (const rule of rules) rule(value, path, problems);
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The path of a field. */
export function at(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length > 60 ? `text of ${value.length} characters` : JSON.stringify(value);
}
