/** What editors and readers are told of configuration files is what is checked. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Checking, checkSection } from '../../../src/config/check.js';
import { FILE_FIELDS } from '../../../src/config/pool-fields.js';
import { configSchema, withReference } from '../../support/config-reference.js';
import { repoRoot } from '../../support/run.js';

const read = (path: string): Promise<string> => readFile(join(repoRoot, path), 'utf8');

/** Whether the check of the library finds anything wrong. */
function passes(config: unknown): boolean {
  const checking: Checking = {
    baseDir: '/',
    environment: { SET: '1' },
    lineOf: () => undefined,
    problems: [],
    written: new Map(),
  };
  checkSection(checking, FILE_FIELDS, config, []);
  return checking.problems.length === 0;
}

let validate: ValidateFunction;
beforeAll(async () => {
  validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(await read('schema.json')) as object);
});

it('the shipped schema is current; else: npm run config-reference', async () => {
  expect(JSON.parse(await read('schema.json'))).toEqual(JSON.parse(JSON.stringify(configSchema())));
});

it('the reference in the guide is current; else: npm run config-reference', async () => {
  const guide = await read('docs/guides/configuration.md');
  expect(withReference(guide)).toBe(guide);
});

describe('the schema', () => {
  it.each([
    'converters:\n  - { name: A, module_path: a.b.c, class_name: C, enabled: true, priority: 5, watch_folder: in, done_folder: ok, error_folder: bad, post_process_action: DELETE, settings: { delimiter: ";" } }',
    'converter: { enable_startup_scan: true, startup_scan_timeout: 30, startup_scan_max_files: 0 }',
    '{ converters: [{ name: A, module_path: m.C, watch_folder: in, done_folder: ok, error_folder: bad, pending_folder: later, arguments: { a: 1 }, priority: 5, alarm_threshold: 0.5, reject_threshold: 0.2, max_retries: 3, retry_delay_seconds: 60, post_action: move }] }',
    `{ dataDir: /data, concurrency: 4, submitter: { type: WATS, baseUrl: "https://x", token: "\${SET}" }, pending: { maxSize: 5, retry: { baseDelayMs: 1 } } }`,
    `{ converters: [{ modulePath: x, watchFolder: in, retryDelayMs: "\${SET}", include: "*.csv", recursive: "\${SET}" }], concurrency: "\${SET}" }`,
    '{ converter_base_path: base, defaults: { post_action: keep }, converters: [{ name: a, module_path: b }] }',
    '{ $schema: ./schema.json }',
    '{ archive: { archive_folder: old }, retention: { policies: [{ converter_name: "*", max_size_gb: 2.5 }] }, converters: [{ archive_enabled: true, archive_folder: "", retention_days: 90, max_archive_size_gb: 10.0, compression_level: 6 }] }',
    '{ converters: [{ companions: ["{stem}.png"] }, { companions: { optional: "{name}.log", wait_ms: 5 } }] }',
  ])('takes what the library takes: %s', yaml => {
    expect(passes(parse(yaml))).toBe(true);
    expect(validate(parse(yaml)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    '{ concurency: 4 }',
    '{ concurrency: 0 }',
    '{ concurrency: four }',
    '{ converters: {} }',
    '{ converters: [{ priority: 11 }] }',
    '{ converters: [{ post_action: shred }] }',
    '{ converters: [{ retry_delay_seconds: 99999999 }] }',
    '{ converters: [{ watch_foldr: in }] }',
    '{ submitter: { headers: { a: 1 } } }',
    '{ pending: { max_size: 0.5 } }',
    '{ startup_scan: true }',
    '{ archive: { compression_level: 10 } }',
    '{ retention: { policies: { converter_name: a } } }',
  ])('refuses what the library refuses: %s', yaml => {
    expect(passes(parse(yaml))).toBe(false);
    expect(validate(parse(yaml))).toBe(false);
  });
});
