/** A candidate that a configuration file names runs beside its converter. */
import { AsyncConverterPool, loadConfig, type PoolEvents, type ShadowOptions } from 'millrace';
import { FakeServer } from 'millrace/testing';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { converterModule, Project, problemsOf } from './support.js';

const newFolder = temporaryFolders();
let project: Project;
beforeEach(async () => {
  project = await Project.in(await newFolder());
  await project.write('csv.mjs', converterModule('Csv'));
  await project.write('next.mjs', converterModule('Csv', { version: '2.0.0' }));
});

const csv = { module_path: './csv.mjs', watch_folder: 'watch', name: 'csv', settings: { delimiter: ';' } };
const load = (shadow: object, more: object = {}) =>
  loadConfig({ converters: [{ ...csv, ...more, shadow }] }, { baseDir: project.root, environment: {} });

describe('the shadow of a converter', () => {
  it.each(['none', 'worker'])('runs on live files and tells what is different (isolation: %s)', async isolation => {
    await using server = await FakeServer.start();
    const file = await project.write(
      'station.yaml',
      `
submitter: { url: "${server.url}" }
pending: { min_free_bytes: 0 }
min_free_bytes: 0
converters:
  - name: csv
    module_path: ./csv.mjs
    watch_folder: watch
    stability_ms: 20
    isolation: ${isolation}
    settings: { delimiter: ";" }
    shadow: { module: ./next.mjs, ignore: [made] }
`,
    );
    const pool = new AsyncConverterPool(await loadConfig(file));
    onTestFinished(() => pool.stop());
    const told = new Promise<PoolEvents['shadowDiffers']>(resolve => pool.once('shadowDiffers', resolve));
    await project.write('watch/a.txt', 'text');
    await pool.start();
    const { candidateVersion, differences } = await told;
    expect(candidateVersion).toBe('2.0.0');
    expect(differences).toMatchObject([{ path: 'version', before: '1.0.0', after: '2.0.0' }]);
    await pool.idle();
    expect(server.reports.map(({ body }) => (body as { version: string }).version)).toEqual(['1.0.0']);
    const { needRestart, unchanged } = await pool.reload(await loadConfig(file));
    expect([needRestart, unchanged]).toEqual([[], ['csv']]);
  });

  it('has the name and the arguments of its converter, unless it has arguments of its own', async () => {
    const shadowOf = async (shadow: object) => (await load(shadow)).converters[0]?.shadow as ShadowOptions;
    const plain = await shadowOf({ module_path: 'next', timeout_seconds: 3, tolerance: 0.01, ignore: 'start' });
    expect(plain).toMatchObject({ timeoutMs: 3_000, tolerance: 0.01, ignore: ['start'] });
    expect(plain.converter).toMatchObject({ name: 'csv', version: '2.0.0', arguments: { delimiter: ';' } });
    const own = await shadowOf({ module_path: 'next', export: 'Csv', arguments: { delimiter: ',' } });
    expect(own.converter.arguments).toEqual({ delimiter: ',' });
  });

  it('is refused with the place of each problem', async () => {
    const shadow = { class_name: 'Csv', timeout_ms: 0, ignore: ['a..b'], isolation: 'worker' };
    expect((await problemsOf(load(shadow))).map(({ path }) => path).sort()).toEqual([
      'converters[0].shadow.isolation',
      'converters[0].shadow.modulePath',
      'converters[0].shadow.timeout_ms',
    ]);
    const nowhere = await problemsOf(load({ module: './nowhere.mjs' }));
    expect(nowhere).toMatchObject([
      { path: 'converters[0].shadow.module', message: expect.stringContaining("'./nowhere.mjs'") },
    ]);
    const none = await problemsOf(load({ module: './next.mjs', class_name: 'Other' }));
    expect(none).toMatchObject([{ path: 'converters[0].shadow.class_name' }]);
    const path = await problemsOf(load({ module: './next.mjs', ignore: ['a[['] }));
    expect(path).toMatchObject([{ path: expect.stringMatching(/^converters\[0\]\.shadow\.ignore/) }]);
  });
});
