/** What is made from the tables of src/config: the JSON Schema for editors, and the reference in the guide. */
import type { Field, Section } from '../../src/config/fields.js';
import { camelCase, snakeCase } from '../../src/config/key-names.js';
import { FILE_FIELDS } from '../../src/config/pool-fields.js';

type Json = Record<string, unknown>;

/** `millrace/schema.json`: draft 7, which every editor knows. */
export function configSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'millrace configuration',
    description: 'A configuration file for loadConfig() of millrace, in YAML or JSON.',
    ...objectOf(FILE_FIELDS),
  };
}

function objectOf(fields: Section): Json {
  const properties: Json = {};
  for (const [key, field] of Object.entries(fields)) {
    properties[key] = { ...typeOf(field), ...words(field) };
    for (const spelling of spellings(key, field)) {
      const times = field.also?.[camelCase(spelling)] ?? 1;
      const description = `Same as ${key}${times === 1 ? '' : `, in units of ${times}`}.`;
      properties[spelling] = { ...typeOf(field, times), description };
    }
  }
  return { type: 'object', additionalProperties: false, properties };
}

/** The other spellings of a key, and of its other names. */
function spellings(key: string, field: Field): string[] {
  const names = [key, ...Object.keys(field.also ?? {})];
  return [...new Set(names.flatMap(name => [name, snakeCase(name)]))].filter(name => name !== key);
}

function words(field: Field): Json {
  const given = field.default === undefined ? '' : ` Default: ${field.default}.`;
  return { description: `${field.about}${given}` };
}

/** A text with a variable in it may stand for anything that is no object. */
const VARIABLE = { type: 'string', pattern: '\\$\\{[A-Za-z_]' };

function typeOf(field: Field, times = 1): Json {
  switch (field.kind) {
    case 'text':
      return { type: 'string', minLength: 1 };
    case 'folder':
      return { type: ['string', 'null'] };
    case 'flag':
      return { anyOf: [{ type: 'boolean' }, VARIABLE] };
    case 'choice':
      return { anyOf: [{ enum: field.of }, { enum: field.of.map(word => word.toUpperCase()) }, VARIABLE] };
    case 'number': {
      const { min, max, integer } = field;
      const type = integer && times === 1 ? 'integer' : 'number';
      const range = { minimum: min / times, ...(max === undefined ? {} : { maximum: max / times }) };
      return { anyOf: [{ type, ...range }, VARIABLE] };
    }
    case 'list':
      return { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }] };
    case 'texts':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'anything':
      return { type: 'object' };
    case 'section': {
      const object = objectOf(field.fields);
      const list = field.listAs === undefined ? undefined : field.fields[field.listAs];
      return list ? { anyOf: [object, typeOf(list)] } : object;
    }
    case 'sections':
      return { type: 'array', items: objectOf(field.fields) };
  }
}

/** The lines between which the guide's reference stands. */
const REFERENCE_BEGIN = '<!-- made by `npm run config-reference`; do not edit -->';
const REFERENCE_END = '<!-- end of the reference -->';

/** The tables of the guide. */
function configReference(): string {
  return tablesOf('the file', FILE_FIELDS).join('\n\n');
}

function tablesOf(title: string, fields: Section): string[] {
  const rows = Object.entries(fields).map(([key, field]) => {
    const also = Object.entries(field.also ?? {}).map(([name, times]) => {
      return `\`${snakeCase(name)}\`${times === 1 ? '' : ` (× ${times})`}`;
    });
    const meaning = [field.about, also.length > 0 ? `Also ${also.join(', ')}.` : ''].filter(Boolean).join(' ');
    return `| \`${snakeCase(key)}\` | ${kindOf(field)} | ${field.default ?? ''} | ${meaning} |`;
  });
  const table = [`### ${title}`, '', '| key | | default | |', '|---|---|---|---|', ...rows].join('\n');
  const below = Object.entries(fields).flatMap(([key, field]) => {
    if (key === 'defaults' || (field.kind !== 'section' && field.kind !== 'sections')) return [];
    return tablesOf(
      field.kind === 'sections' ? `each of \`${snakeCase(key)}\`` : `\`${snakeCase(key)}\``,
      field.fields,
    );
  });
  return [table, ...below];
}

function kindOf(field: Field): string {
  switch (field.kind) {
    case 'number': {
      const { min, max } = field;
      return max === undefined || max >= 2 ** 31 - 1 ? `number, ${min} or more` : `number, ${min} to ${max}`;
    }
    case 'flag':
      return 'true or false';
    case 'choice':
      return field.of.map(word => `\`${word}\``).join(', ');
    case 'list':
      return 'texts';
    case 'texts':
      return 'texts by name';
    case 'anything':
    case 'section':
      return 'object';
    case 'sections':
      return 'list of objects';
    default:
      return field.kind;
  }
}

/** The guide with its reference made anew. @throws when its place is not marked. */
export function withReference(guide: string): string {
  const [before, rest] = guide.split(REFERENCE_BEGIN);
  const after = rest?.split(REFERENCE_END)[1];
  if (after === undefined) throw new Error('The guide does not mark where the reference stands');
  return `${before}${REFERENCE_BEGIN}\n\n${configReference()}\n\n${REFERENCE_END}${after}`;
}
