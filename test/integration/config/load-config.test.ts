import { readdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import {
  AsyncConverterPool,
  type ConverterBase,
  HttpSubmitter,
  loadConfig,
  PendingQueue,
  WatsSubmitter,
} from 'millrace';
import { FakeServer } from 'millrace/testing';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { converterModule, Project, problemsOf } from './support.js';

const newFolder = temporaryFolders();
let project: Project;
beforeEach(async () => {
  project = await Project.in(await newFolder());
  await project.write('csv.mjs', converterModule('Csv'));
});

const csv = { module_path: './csv.mjs', class_name: 'Csv', watch_folder: 'watch', name: 'csv' };
const load = (config: object, environment: Record<string, string> = {}) =>
  loadConfig(config, { baseDir: project.root, environment });

describe('a configuration', () => {
  it('comes from YAML, JSON, a URL or an object, and creates nothing', async () => {
    const yaml =
      'concurrency: 3\nconverters:\n  - { name: csv, module_path: ./csv.mjs, class_name: Csv, watch_folder: watch }\n';
    const json = JSON.stringify({ concurrency: 3, converters: [csv] });
    const files = [await project.write('a.yaml', yaml), await project.write('a.json', `\uFEFF${json}`)];
    const [fromYaml, fromJson] = await Promise.all(files.map(file => loadConfig(file)));
    expect(fromYaml).toMatchObject({ concurrency: 3, converters: [{ watchFolder: project.path('watch') }] });
    expect(fromJson).toEqual(fromYaml);
    expect(await loadConfig(pathToFileURL(files[0] as string))).toEqual(fromYaml);
    expect(await load({ concurrency: 3, converters: [csv] })).toEqual(fromYaml);
    expect((await readdir(project.root)).sort()).toEqual(['a.json', 'a.yaml', 'csv.mjs', 'node_modules']);
  });

  it('makes a whole station: queue, submitter, converters', async () => {
    await using server = await FakeServer.start();
    const file = await project.write(
      'station.yaml',
      `
data_dir: books
min_free_bytes: 0
startup_scan: { max_files: 10 }
submitter: { url: "${server.url}", headers: { authorization: "\${TOKEN}" } }
pending: { min_free_bytes: 0, retry: { base_delay_ms: 10 }, breaker: { failure_threshold: 2 } }
converters:
  - { name: one, module_path: csv, class_name: Csv, watch_folder: one/watch, stability_ms: 20 }
  - { name: off, module_path: nowhere, watch_folder: two, enabled: false }
`,
    );
    const pool = new AsyncConverterPool(await loadConfig(file, { environment: { TOKEN: 'Basic c2VjcmV0' } }));
    onTestFinished(() => pool.stop());
    await project.write('one/watch/a.txt', 'text');
    await pool.start();
    await pool.idle();
    const posts = server.requests.filter(({ method }) => method === 'POST');
    expect(posts.map(({ body, headers }) => [(body as { by: string }).by, headers.authorization])).toEqual([
      ['one', 'Basic c2VjcmV0'],
    ]);
    expect((await readdir(project.path('books'))).sort()).toContain('pending');
  });

  it('takes the submitter of the program for its queue', async () => {
    const submitter = async () => ({});
    const options = { baseDir: project.root, submitter };
    expect((await loadConfig({ pending: { concurrency: 2 } }, options)).pending).toBeInstanceOf(PendingQueue);
    expect(await loadConfig({}, options)).toMatchObject({ submitter });
    const both = loadConfig({ submitter: { url: 'http://localhost' } }, options);
    expect(await problemsOf(both)).toMatchObject([{ path: 'submitter' }]);
  });

  it('makes an HTTP or a WATS submitter', async () => {
    const http = await load({ submitter: { url: 'http://localhost/reports', gzip: true, timeout_seconds: 5 } });
    expect(http.submitter).toBeInstanceOf(HttpSubmitter);
    const wats = await load({ submitter: { base_url: 'http://localhost', token: `\${T}` } }, { T: 'dG9rZW4=' });
    expect(wats.submitter).toBeInstanceOf(WatsSubmitter);
    expect(await problemsOf(load({ submitter: { type: 'wats', url: 'http://localhost' } }))).toMatchObject([
      { path: 'submitter.baseUrl', message: "is required for 'wats'" },
      { path: 'submitter.token', message: "is required for 'wats'" },
      { path: 'submitter.url', message: "is not for a submitter of type 'wats'" },
    ]);
    expect(await problemsOf(load({ submitter: { url: 'localhost' } }))).toMatchObject([{ path: 'submitter.url' }]);
  });
});

describe('an archive', () => {
  it('is made with its retention, in the data folder unless it says otherwise', async () => {
    const config = {
      archive: { compression_level: 9 },
      retention: { grace_period_ms: 0, policies: [{ converter_name: '*', retention_days: 400, keep_last: 5 }] },
      converters: [{ ...csv, retention_days: 7 }],
    };
    const { archive, retention, converters } = await load(config);
    expect(archive?.directory).toBe(project.path('state/archive'));
    expect(converters[0]).not.toHaveProperty('retentionDays');
    const policies = (await retention?.listPolicies()) ?? [];
    expect(policies.map(({ converterName, retentionDays }) => [converterName, retentionDays]).sort()).toEqual([
      ['*', 400],
      ['csv', 7],
    ]);
    await archive?.close();
  });

  it('is there for whoever puts sources into it, unless that is switched off', async () => {
    const archiving = { ...csv, post_process_action: 'ARCHIVE' };
    expect((await load({ converters: [archiving] })).archive?.directory).toBe(project.path('state/archive'));
    for (const off of [{ archive_enabled: false }, { archive_source_files: false }]) {
      expect(await problemsOf(load({ archive: {}, converters: [{ ...archiving, ...off }] }))).toMatchObject([
        { path: 'converters[0].post_process_action', message: expect.stringContaining('switched off') },
      ]);
    }
  });

  it('that cannot be is a problem at its place', async () => {
    const policies = [
      { converter_name: 'csv', retention_days: 5 },
      { converter_name: 'csv', retention_days: 6 },
      { converter_name: 'a', retention_days: 5, keep_last: -1 },
    ];
    const config = {
      archive: { compression_level: 10 },
      retention: { policies },
      converters: [{ ...csv, max_size_gb: 1 }],
    };
    expect(await problemsOf(load(config))).toMatchObject([
      { path: 'archive.compression_level' },
      { path: 'retention.policies[2].keep_last' },
      { path: 'converters[0].max_size_gb', message: "'csv' has a policy under retention as well" },
      { path: 'retention.policies[1]', message: "is a second one for 'csv'" },
    ]);
    const alone = { retention: { policies: [{ converter_name: '*', retention_days: 1 }] } };
    expect(await problemsOf(load(alone))).toMatchObject([
      { path: 'retention', message: expect.stringContaining('archive') },
    ]);
  });
});

describe('a module', () => {
  const converterOf = async (given: object): Promise<ConverterBase> => {
    const { converters } = await load({ converters: [{ watch_folder: 'watch', ...given }] });
    return (converters[0] as { converter: ConverterBase }).converter;
  };

  it('is found with or without its ending, by dots, and as a package', async () => {
    await project.write('lib/deep/csv.js', converterModule('Csv'));
    for (const module_path of [
      'lib/deep/csv.js',
      './lib/deep/csv',
      'lib.deep.csv',
      project.path('lib/deep/csv'),
      'lib.deep.csv.Csv',
    ]) {
      expect((await converterOf({ module_path })).constructor.name, module_path).toBe('Csv');
    }
    expect((await converterOf({ module_path: pathToFileURL(project.path('csv.mjs')).href })).name).toBe('unnamed');
    expect((await converterOf({ module_path: 'millrace/formats', class_name: 'WsjfConverter' })).name).toBe('wsjf');
    await project.write('node_modules/acme/package.json', '{ "name": "acme", "exports": { ".": "./main.mjs" } }');
    await project.write('node_modules/acme/main.mjs', converterModule('Acme'));
    expect((await converterOf({ module_path: 'acme', name: 'theirs' })).name).toBe('theirs');
  });

  it('gives its default export, its only converter, or a ready instance', async () => {
    const two = converterModule('Two').replace(/import.*/, '');
    await project.write('default.mjs', `${converterModule('One')}\n${two}\nexport default Two;`);
    expect((await converterOf({ module_path: 'default' })).constructor.name).toBe('Two');
    const hidden = converterModule('One').replace('export ', '');
    await project.write('instance.mjs', `${hidden}\nexport const ready = new One();`);
    expect((await converterOf({ module_path: 'instance', class_name: 'ready' })).name).toBe('unnamed');
    const changed = [{ module_path: 'instance', watch_folder: 'watch', name: 'other' }];
    expect(await problemsOf(load({ converters: changed }))).toMatchObject([{ path: 'converters[0].name' }]);
  });

  it('that cannot be had is a problem that says what was looked for and what there is', async () => {
    await project.write('broken.mjs', 'export class {');
    await project.write('none.mjs', 'export const Csv = 1;');
    await project.write(
      'throws.mjs',
      converterModule('Throws').replace('name =', "constructor() { super(); throw new Error('no licence'); }\nname ="),
    );
    const converters = ['gone', 'broken', 'none', 'throws'].map(module_path => ({
      ...csv,
      name: module_path,
      module_path,
    }));
    const problems = await problemsOf(
      load({
        converters: [
          ...converters.slice(0, 3),
          { ...converters[3], class_name: 'Throws' },
          { ...csv, class_name: 'Cvs' },
        ],
      }),
    );
    expect(problems).toMatchObject([
      { path: 'converters[0].module_path', hint: expect.stringContaining(project.path('gone')) },
      { path: 'converters[1].module_path', message: expect.stringContaining('cannot be loaded') },
      { path: 'converters[2].class_name', message: "'Csv' is no class that extends ConverterBase by 'none'" },
      { path: 'converters[3].arguments', message: expect.stringContaining('no licence') },
      { path: 'converters[4].class_name', hint: "Did you mean 'Csv'?" },
    ]);
  });
});

describe('problems', () => {
  it('are told all at once, each with its path, its line and a hint', async () => {
    const file = await project.write(
      'wrong.yaml',
      `concurency: 4
data_dir: 12
submitter:
  url: http://localhost
  headers: { authorization: "\${MILLRACE_TEST_TOKEN}" }
converters:
  - name: csv
    module_path: ./csv.mjs
    watch_foldr: watch
    priority: 11
  - name: csv
    module_path: ./csv.mjs
    watch_folder: watch
    done_folder: watch
    post_process_action: SHRED
    max_retries: often
  - watch_folder: other
    watchFolder: other
    module_path: ./csv.mjs
    error_folder: watch
`,
    );
    expect(await problemsOf(loadConfig(file, { environment: {} }))).toEqual([
      { path: 'concurency', line: 1, message: 'is not a key that is known here', hint: "Did you mean 'concurrency'?" },
      { path: 'data_dir', line: 2, message: 'must be the path of a folder, not a number' },
      {
        path: 'submitter.headers.authorization',
        line: 5,
        message: 'the environment variable MILLRACE_TEST_TOKEN is not set',
        hint: `Set it, or give a default: \${MILLRACE_TEST_TOKEN:-value}.`,
      },
      {
        path: 'converters[0].watchFolder',
        line: 7,
        message: 'is required',
        hint: 'Give the folder that is watched, or a converter_base_path and a name.',
      },
      {
        path: 'converters[0].watch_foldr',
        line: 9,
        message: 'is not a key that is known here',
        hint: "Did you mean 'watch_folder'?",
      },
      { path: 'converters[0].priority', line: 10, message: 'must be a number from 1 to 10, not 11' },
      { path: 'converters[1].done_folder', line: 14, message: 'must not be the watch folder itself' },
      {
        path: 'converters[1].post_process_action',
        line: 15,
        message: "must be one of delete, move, zip, keep, archive, not 'SHRED'",
      },
      { path: 'converters[1].max_retries', line: 16, message: "must be a whole number from 0 to 1000, not 'often'" },
      {
        path: 'converters[2].watchFolder',
        line: 18,
        message: "says the same as 'watch_folder'",
        hint: 'Keep one of the two.',
      },
    ]);
  });

  it('that show only between converters are told, too', async () => {
    const converters = [
      csv,
      { ...csv, watch_folder: 'two' },
      { ...csv, name: 'three', watch_folder: 'three', error_folder: 'watch' },
    ];
    expect(await problemsOf(load({ converters }))).toMatchObject([
      { path: 'converters[1].name', message: "'csv' is the name of another converter of this pool" },
      { path: 'converters[2].error_folder', message: `${project.path('watch')} is watched` },
    ]);
  });

  it('of syntax have a line; a file that is not there is one', async () => {
    const broken = await project.write('broken.json', '{\n  "concurrency": 3,\n  "converters": [\n');
    const [first] = await problemsOf(loadConfig(broken));
    expect(first).toMatchObject({ path: broken, line: 4, message: expect.stringContaining('not readable as JSON') });
    const twice = await project.write('twice.yaml', 'concurrency: 3\nconcurrency: 4\n');
    expect(await problemsOf(loadConfig(twice))).toMatchObject([
      { line: 2, message: expect.stringContaining('unique') },
    ]);
    expect(await problemsOf(loadConfig(project.path('gone.yaml')))).toMatchObject([{ message: 'does not exist' }]);
    expect(await problemsOf(loadConfig(await project.write('list.yaml', '- a\n')))).toMatchObject([
      { path: 'the configuration', message: 'must be an object with keys, not a list' },
    ]);
  });

  it('never show a secret', async () => {
    const given = { max_attempts: `\${SECRET}`, keep_completed: `\${SECRET}`, drain: `\${SECRET}` };
    const loading = loadConfig(
      { pending: given },
      { baseDir: project.root, environment: { SECRET: 'hunter2' }, submitter: async () => ({}) },
    );
    const problems = await problemsOf(loading);
    expect(problems).toHaveLength(3);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('of a name that would lead out of the base path', async () => {
    const config = {
      converter_base_path: 'base',
      converters: [{ module_path: 'csv', class_name: 'Csv', name: '../out' }],
    };
    expect(await problemsOf(load(config))).toMatchObject([
      { path: 'converters[0].name', message: 'cannot be the name of a folder' },
    ]);
  });
});

describe('variables', () => {
  it('stand in any text, with defaults, and become numbers and flags', async () => {
    const config = {
      concurrency: `\${WORKERS}`,
      station_name: `\${LINE:-line}-\${NUMBER}`,
      on_locked: `\${STANDBY:-fail}`,
      startup_scan: { enabled: `\${SCAN}` },
      converters: [{ ...csv, recursive: `\${DEEP}`, settings: { key: [`\${NUMBER}`, `$\${NUMBER}`, 'a$b'] } }],
    };
    const set = { WORKERS: '6', NUMBER: '7', STANDBY: 'wait', SCAN: 'no', DEEP: 'true', LINE: '' };
    expect(await load(config, set)).toMatchObject({
      concurrency: 6,
      stationName: 'line-7',
      onLocked: 'wait',
      startupScan: { enabled: false },
      converters: [{ recursive: true, arguments: { key: ['7', `\${NUMBER}`, 'a$b'] } }],
    });
  });
});

describe('a file that changes', () => {
  const yaml = (more: string): string => `
min_free_bytes: 0
submitter: { url: "http://127.0.0.1:9/" }
pending: { concurrency: 2 }
converters:
  - { name: same, module_path: csv, class_name: Csv, watch_folder: same }
${more}`;

  it('is reloaded: what did not change goes on undisturbed, and the rest is told', async () => {
    const other = (more: string): string =>
      `  - { name: other, module_path: csv, class_name: Csv, watch_folder: other, ${more} }\n`;
    const file = await project.write('station.yaml', yaml(other('priority: 3')));
    const pool = new AsyncConverterPool(await loadConfig(file));
    onTestFinished(() => pool.stop());
    await pool.start();
    const nothing = { added: [], removed: [], changed: [], unchanged: ['same', 'other'], needRestart: [] };
    expect(await pool.reload(await loadConfig(file))).toEqual(nothing);

    await project.write(
      'station.yaml',
      `concurrency: 2\n${yaml(other('priority: 4')).replace('concurrency: 2 }', 'concurrency: 3 }')}`,
    );
    expect(await pool.reload(await loadConfig(file))).toEqual({
      ...nothing,
      changed: ['other'],
      unchanged: ['same'],
      needRestart: ['concurrency', 'pending'],
    });
    await project.write('station.yaml', yaml(other('priority: 44')));
    await expect(loadConfig(file)).rejects.toThrow('priority');
  });

  it('is reloaded with converters in workers, too', async () => {
    const reports: { by: string }[] = [];
    const file = await project.write(
      'station.yaml',
      'min_free_bytes: 0\nconverters:\n  - { name: csv, module_path: csv, class_name: Csv, watch_folder: watch, stability_ms: 20, isolation: worker, workers: 1 }\n',
    );
    const pool = new AsyncConverterPool({
      ...(await loadConfig(file)),
      submitter: async report => {
        reports.push(report as { by: string });
        return {};
      },
    });
    onTestFinished(() => pool.stop());
    await project.write('watch/1.txt', '1');
    await pool.start();
    await pool.idle();
    expect(await pool.reload(await loadConfig(file))).toMatchObject({ unchanged: ['csv'], changed: [] });
    await project.write('csv.mjs', converterModule('Csv', { version: '2.0.0-longer' }));
    expect(await pool.reload(await loadConfig(file))).toMatchObject({ changed: ['csv'] });
    await project.write('watch/2.txt', '2');
    await pool.idle();
    expect(reports).toMatchObject([
      { by: 'csv', version: '1.0.0', text: '1' },
      { by: 'csv', version: '2.0.0-longer', text: '2' },
    ]);
    expect((await pool.audit()).differences).toEqual([]);
  });

  it('takes the new code of a module whose file has changed', async () => {
    const reports: { version: string; text: string }[] = [];
    const file = await project.write(
      'station.yaml',
      'min_free_bytes: 0\nconverters:\n  - { name: csv, module_path: csv, class_name: Csv, watch_folder: watch, stability_ms: 20 }\n',
    );
    const pool = new AsyncConverterPool({
      ...(await loadConfig(file)),
      submitter: async report => {
        reports.push(report as { version: string; text: string });
        return {};
      },
    });
    onTestFinished(() => pool.stop());
    await project.write('watch/1.txt', '1');
    await pool.start();
    await pool.idle();
    await project.write('csv.mjs', converterModule('Csv', { version: '2.0.0-longer' }));
    expect(await pool.reload(await loadConfig(file))).toMatchObject({ changed: ['csv'] });
    await project.write('watch/2.txt', '2');
    await pool.idle();
    expect(reports.map(({ version, text }) => [version, text])).toEqual([
      ['1.0.0', '1'],
      ['2.0.0-longer', '2'],
    ]);
  });
});
