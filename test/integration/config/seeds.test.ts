/** Configurations with the structure of those that stations already have: written for another program, in snake_case. */
import { AsyncConverterPool, loadConfig } from 'millrace';
import { FakeServer } from 'millrace/testing';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { converterModule, Project, problemsOf } from './support.js';

const newFolder = temporaryFolders();
let project: Project;
beforeEach(async () => {
  project = await Project.in(await newFolder());
});

/** A list of converters with dotted modules, folders, upper-case actions and settings. */
const TWO_CONVERTERS = `
converters:
  - name: PowerCsv
    module_path: station_client.converters.power_csv
    class_name: PowerCsv
    enabled: true
    priority: 5
    watch_folder: data/power
    done_folder: data/done
    error_folder: data/error
    post_process_action: DELETE
    settings:
      delimiter: ";"
      encoding: "latin1"

  - name: RadioXml
    module_path: station_client.converters.radio_xml
    class_name: RadioXml
    enabled: true
    priority: 8
    watch_folder: data/radio
    done_folder: data/done
    error_folder: data/error
    post_process_action: MOVE
    settings:
      check_schema: true
`;

async function modules(): Promise<void> {
  await project.write('station_client/converters/power_csv.mjs', converterModule('PowerCsv'));
  await project.write('station_client/converters/radio_xml.js', converterModule('RadioXml'));
}

describe('a list of converters', () => {
  it('gives their classes, folders, actions and settings', async () => {
    await modules();
    const file = await project.write('converters.yaml', TWO_CONVERTERS);
    const { converters, dataDir, ...rest } = await loadConfig(file);
    expect(rest).toEqual({});
    expect(dataDir).toBe(project.path('state'));
    expect(
      converters.map(({ converter, ...options }) => [converter.constructor.name, converter.name, options]),
    ).toEqual([
      [
        'PowerCsv',
        'PowerCsv',
        {
          priority: 5,
          watchFolder: project.path('data/power'),
          doneFolder: project.path('data/done'),
          errorFolder: project.path('data/error'),
          postProcess: 'delete',
          arguments: { delimiter: ';', encoding: 'latin1' },
        },
      ],
      [
        'RadioXml',
        'RadioXml',
        {
          priority: 8,
          watchFolder: project.path('data/radio'),
          doneFolder: project.path('data/done'),
          errorFolder: project.path('data/error'),
          postProcess: 'move',
          arguments: { check_schema: true },
        },
      ],
    ]);
  });

  it('runs, with the submitter of the program', async () => {
    await modules();
    const file = await project.write('converters.yaml', TWO_CONVERTERS);
    const reports: unknown[] = [];
    const pool = new AsyncConverterPool({
      ...(await loadConfig(file)),
      minFreeBytes: 0,
      submitter: async report => {
        reports.push(report);
        return {};
      },
    });
    onTestFinished(() => pool.stop());
    await project.write('data/radio/a.txt', 'a');
    await pool.start();
    await pool.idle();
    const settings = { check_schema: true };
    expect(reports).toEqual([{ by: 'RadioXml', version: '1.0.0', made: settings, arguments: settings, text: 'a' }]);
    expect(await pool.explain(project.path('data/radio/a.txt'))).toContain(project.path('data/done'));
  });
});

describe('the startup scan', () => {
  it('under its older names, in seconds', async () => {
    const file = await project.write(
      'scan.yml',
      'converter:\n  enable_startup_scan: true  # the default\n  startup_scan_timeout: 45   # seconds\n  startup_scan_max_files: 0\n',
    );
    const { startupScan, converters } = await loadConfig(file);
    expect(startupScan).toEqual({ enabled: true, timeoutMs: 45_000, maxFiles: 0 });
    expect(converters).toEqual([]);
  });
});

describe('a converter with every option of its own', () => {
  it('has thresholds, retries in seconds, four folders, and the class within its module path', async () => {
    await project.write('my_converters.js', converterModule('IctConverter'));
    const one = {
      name: 'ICT',
      module_path: 'my_converters.IctConverter',
      watch_folder: 'ict/in',
      done_folder: 'ict/ok',
      error_folder: 'ict/bad',
      pending_folder: 'ict/later',
      arguments: { station: 7 },
      priority: 9,
      alarm_threshold: 0.6,
      reject_threshold: 0.1,
      max_retries: 4,
      retry_delay_seconds: 30,
      post_action: 'zip',
    };
    const file = await project.write('ict.json', JSON.stringify({ converters: [one] }, null, '\t'));
    const [loaded] = (await loadConfig(file)).converters;
    const { converter, ...options } = loaded ?? {};
    expect([converter?.name, converter?.constructor.name]).toEqual(['ICT', 'IctConverter']);
    expect(options).toEqual({
      watchFolder: project.path('ict/in'),
      doneFolder: project.path('ict/ok'),
      errorFolder: project.path('ict/bad'),
      pendingFolder: project.path('ict/later'),
      arguments: { station: 7 },
      priority: 9,
      alarmThreshold: 0.6,
      rejectThreshold: 0.1,
      maxRetries: 4,
      retryDelayMs: 30_000,
      postProcess: 'zip',
    });
  });

  it('in camelCase is the same', async () => {
    await modules();
    const camel = TWO_CONVERTERS.replace(/^( *-? *)([a-z_]+):/gm, (_, indent: string, key: string) => {
      const name = key === 'check_schema' ? key : key.replace(/_(.)/g, (__, letter: string) => letter.toUpperCase());
      return `${indent}${name}:`;
    });
    expect(camel).toContain('watchFolder:');
    const [snakeFile, camelFile] = [
      await project.write('snake.yaml', TWO_CONVERTERS),
      await project.write('camel.yaml', camel),
    ];
    expect(await loadConfig(camelFile)).toEqual(await loadConfig(snakeFile));
  });

  it('lies in folders of its own below a base path, as {base}/{name}/watch', async () => {
    await modules();
    const { converters } = await loadConfig(
      {
        converter_base_path: 'stations',
        defaults: { module_path: 'station_client.converters.power_csv', class_name: 'PowerCsv' },
        converters: [{ name: 'Line 1' }, { name: 'Line 2' }],
      },
      { baseDir: project.root },
    );
    expect(converters.map(({ watchFolder }) => watchFolder)).toEqual([
      project.path('stations/Line 1/watch'),
      project.path('stations/Line 2/watch'),
    ]);
  });
});

describe('a converter with an archive', () => {
  /** As it stands in the list of such a file; the module and the folder come from what all converters have in common. */
  const block = {
    name: 'Line CSV',
    archive_enabled: true,
    archive_folder: 'archives/line_csv',
    retention_days: 30,
    max_archive_size_gb: 2.5,
  };
  const file = (converters: object[]): object => ({
    converter_base_path: 'stations',
    defaults: { module_path: 'station_client.converters.power_csv', class_name: 'PowerCsv' },
    min_free_bytes: 0,
    converters,
  });

  it('archives into its folder, under its limits', async () => {
    await modules();
    const config = await loadConfig(file([block, { name: 'Other' }]), { baseDir: project.root });
    expect(config.archive?.directory).toBe(project.path('archives/line_csv'));
    expect(await config.retention?.getPolicy('Line CSV')).toMatchObject({ retentionDays: 30, maxSizeGb: 2.5 });
    await config.archive?.close();
    expect(config.converters.map(({ archive, archiveFolder }) => [archive, archiveFolder])).toEqual([
      [true, undefined],
      [false, undefined],
    ]);
    const { archive, ...rest } = await loadConfig(file([block, { name: 'Other' }]), { baseDir: project.root });
    if (!archive) throw new Error('There is no archive');
    const pool = new AsyncConverterPool({ ...rest, archive, submitter: async () => ({}) });
    onTestFinished(async () => {
      await pool.stop();
      await archive.close();
    });
    await project.write('stations/Line CSV/watch/1.txt', '1');
    await project.write('stations/Other/watch/2.txt', '2');
    await pool.start();
    await pool.idle();
    const { entries } = await archive.query({});
    expect(entries.map(({ converterName, status }) => [converterName, status])).toEqual([['Line CSV', 'success']]);
  });

  it('with every field of such a file, also those that switch it off', async () => {
    await modules();
    const off = {
      ...block,
      archive_enabled: false,
      archive_folder: '',
      retention_days: 90,
      max_archive_size_gb: 10.0,
      compression_level: 6,
      archive_source_files: true,
      archive_output_reports: true,
    };
    const config = await loadConfig(file([off]), { baseDir: project.root });
    expect([config.archive, config.retention]).toEqual([undefined, undefined]);
    expect(config.converters).toMatchObject([
      { archive: false, compressionLevel: 6, archiveSourceFiles: true, archiveOutputReports: true },
    ]);
  });

  it('may have one in another folder than the rest; its limits are those of the pool alone', async () => {
    await modules();
    const other = { name: 'Other', archive_enabled: true, archive_folder: 'archives/other' };
    const { archive, converters } = await loadConfig(
      file([{ ...block, retention_days: null, max_archive_size_gb: null }, other]),
      {
        baseDir: project.root,
      },
    );
    expect(archive).toBeUndefined();
    expect(converters.map(({ archiveFolder }) => archiveFolder)).toEqual([
      project.path('archives/line_csv'),
      project.path('archives/other'),
    ]);
    expect(await problemsOf(loadConfig(file([block, other]), { baseDir: project.root }))).toMatchObject([
      { path: 'converters[0].retention_days', hint: expect.stringContaining('archive section') },
    ]);
  });
});

describe('the outbox and the server', () => {
  it('in the words of older programs, and in ours', async () => {
    await using server = await FakeServer.start();
    const older = { max_workers: 4, pending: { pending_path: 'outbox', max_concurrent: 2, max_queue_size: 50 } };
    const pool = await loadConfig({ ...older, submitter: { url: server.url } }, { baseDir: project.root });
    expect(pool.concurrency).toBe(4);
    await pool.pending?.start();
    await pool.pending?.enqueue({ sn: 1 });
    await pool.pending?.drain();
    await pool.pending?.stop();
    expect(server.reports.map(({ body }) => body)).toEqual([{ sn: 1 }]);
  });
});
