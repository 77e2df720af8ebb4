/** Reads plain values as a table of fields says: names them in one spelling, puts variables in, and collects every problem. */
import { resolve } from 'node:path';
import type { ConfigProblem } from '../errors.js';
import { nearest } from '../nearest.js';
import { type ConfigDocument, formatPath, type Path } from './document.js';
import { type Environment, fillIn } from './environment.js';
import type { Field, Section } from './fields.js';
import { camelCase, snakeCase } from './key-names.js';

/** What every check needs, and where its problems go. */
export interface Checking {
  /** Absolute; relative paths are taken from it. */
  baseDir: string;
  environment: Environment;
  lineOf: ConfigDocument['lineOf'];
  problems: ConfigProblem[];
  /** Paths as they are written, by the path in the table's spelling: `converters[0].watchFolder`. */
  written: Map<string, Path>;
}

/** Adds a problem at a place of the file. */
export function problemAt(checking: Checking, path: Path, message: string, hint?: string): void {
  const line = checking.lineOf(path);
  checking.problems.push({
    path: formatPath(path) || 'the configuration',
    message,
    ...(line === undefined ? {} : { line }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The object at `path` by the names of the table. What is wrong is left out, and told. */
export function checkSection(
  checking: Checking,
  fields: Section,
  given: unknown,
  path: Path,
  canonical: Path = path,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (!isObject(given)) {
    problemAt(checking, path, `must be an object with keys, not ${kindOf(given)}`);
    return values;
  }
  const names = namesOf(fields);
  const before = new Map<string, string>();
  for (const [key, value] of Object.entries(given)) {
    const at = [...path, key];
    const name = names.get(camelCase(key));
    if (!name) {
      const meant = nearest(camelCase(key), names.keys());
      const spelled = meant && key.includes('_') ? snakeCase(meant) : meant;
      const hint = spelled ? `Did you mean '${spelled}'?` : `Known here: ${Object.keys(fields).join(', ')}.`;
      problemAt(checking, at, 'is not a key that is known here', hint);
      continue;
    }
    const twin = before.get(name.field);
    if (twin !== undefined) problemAt(checking, at, `says the same as '${twin}'`, 'Keep one of the two.');
    before.set(name.field, key);
    const called = [...canonical, name.field];
    checking.written.set(formatPath(called), at);
    // `key:` with nothing behind it.
    if (value === null || value === undefined) continue;
    const checked = checkValue(checking, fields[name.field] as Field, value, { at, called, times: name.times });
    if (checked !== undefined) values[name.field] = checked;
  }
  return values;
}

interface Place {
  /** As it is written. */
  at: Path;
  /** In the spelling of the table. */
  called: Path;
  times: number;
}

function checkValue(checking: Checking, field: Field, given: unknown, place: Place): unknown {
  const { at, called } = place;
  const wrong = (message: string): undefined => problemAt(checking, at, message) as undefined;
  switch (field.kind) {
    case 'section': {
      const { fields, listAs } = field;
      const value = listAs !== undefined && Array.isArray(given) ? { [listAs]: given } : given;
      return checkSection(checking, fields, value, at, called);
    }
    case 'sections':
      if (!Array.isArray(given)) return wrong(`must be a list, not ${kindOf(given)}`);
      return given.map((one, index) => checkSection(checking, field.fields, one, [...at, index], [...called, index]));
    case 'anything':
      if (!isObject(given)) return wrong(`must be an object with keys, not ${kindOf(given)}`);
      return fillDeep(checking, given, at);
    case 'texts': {
      if (!isObject(given)) return wrong(`must be an object with keys, not ${kindOf(given)}`);
      const filled = fillDeep(checking, given, at) as Record<string, unknown>;
      for (const [key, one] of Object.entries(filled))
        if (typeof one !== 'string') problemAt(checking, [...at, key], `must be a text, not ${kindOf(one)}`);
      return filled;
    }
    case 'list': {
      const items = fillDeep(checking, Array.isArray(given) ? given : [given], at) as unknown[];
      const odd = items.find(item => typeof item !== 'string');
      return odd === undefined ? items : wrong(`must be a list of texts, and has ${kindOf(odd)} in it`);
    }
  }
  const filled = typeof given === 'string' ? fillIn(given, checking.environment) : undefined;
  if (filled && tellMissing(checking, filled.missing, at)) return undefined;
  const value: unknown = filled ? filled.value : given;
  // A secret must not come out with the message that it is wrong.
  const shown = typeof given === 'object' ? kindOf(given) : typeof given === 'string' ? `'${given}'` : String(given);
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' && value !== ''
        ? value
        : wrong(`must be a text that is not empty, not ${kindOf(given)}`);
    case 'folder':
      if (typeof value !== 'string') return wrong(`must be the path of a folder, not ${kindOf(given)}`);
      return value === '' ? undefined : resolve(checking.baseDir, value);
    case 'flag': {
      if (typeof value === 'boolean') return value;
      const word = filled?.fromOutside ? FLAGS.get(filled.value.toLowerCase()) : undefined;
      return word ?? wrong(`must be true or false, not ${shown}`);
    }
    case 'choice': {
      const word = typeof value === 'string' ? value.toLowerCase() : undefined;
      const found = field.of.find(one => one.toLowerCase() === word);
      return found ?? wrong(`must be one of ${field.of.join(', ')}, not ${shown}`);
    }
    case 'number': {
      const { min, max, integer } = field;
      const parsed = filled?.fromOutside && filled.value.trim() !== '' ? Number(filled.value) : value;
      const scaled = typeof parsed === 'number' ? parsed * place.times : Number.NaN;
      const fits =
        scaled >= min && scaled <= (max ?? Number.POSITIVE_INFINITY) && (!integer || Number.isInteger(scaled));
      const least = min / place.times;
      const range = max === undefined ? `, ${least} or more` : ` from ${least} to ${max / place.times}`;
      return fits ? scaled : wrong(`must be a ${integer ? 'whole ' : ''}number${range}, not ${shown}`);
    }
  }
}

const FLAGS = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
]);

/** The names under which each field may stand. */
function namesOf(fields: Section): Map<string, { field: string; times: number }> {
  const names = new Map<string, { field: string; times: number }>();
  for (const [field, { also = {} }] of Object.entries(fields)) {
    names.set(field, { field, times: 1 });
    for (const [alias, times] of Object.entries(also)) names.set(alias, { field, times });
  }
  return names;
}

/** Puts variables into every text below a value. */
function fillDeep(checking: Checking, given: unknown, path: Path): unknown {
  if (typeof given === 'string') {
    const { value, missing } = fillIn(given, checking.environment);
    tellMissing(checking, missing, path);
    return value;
  }
  if (Array.isArray(given)) return given.map((one, index) => fillDeep(checking, one, [...path, index]));
  if (!isObject(given)) return given;
  return Object.fromEntries(Object.entries(given).map(([key, one]) => [key, fillDeep(checking, one, [...path, key])]));
}

function tellMissing(checking: Checking, missing: readonly string[], path: Path): boolean {
  for (const name of missing) {
    const hint = `Set it, or give a default: \${${name}:-value}.`;
    problemAt(checking, path, `the environment variable ${name} is not set`, hint);
  }
  return missing.length > 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (value === '') return 'an empty one';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
