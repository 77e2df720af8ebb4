/** Configurations with the structure of those that stations already have: written for another program, in snake_case. */
import { AsyncConverterPool, loadConfig } from 'millrace';
import { FakeServer } from 'millrace/testing';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { converterModule, Project } from './support.js';

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
