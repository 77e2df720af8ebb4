import { AsyncConverterPool, FolderConverter, loadConfig, ScheduledConverter } from 'millrace';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { Project, problemsOf } from './support.js';

const temporaryFolder = temporaryFolders();

const ORDERS = `
  import { ScheduledConverter } from 'millrace';
  export default class extends ScheduledConverter {
    name = 'unnamed';
    schedule = { everyMs: 3_600_000 };
    pull() { return [{ content: { sn: 1 } }]; }
    async convert(source) { return JSON.parse(await source.text()); }
  }
`;

const UNITS = `
  import { FolderConverter } from 'millrace';
  export default class extends FolderConverter {
    name = 'unnamed';
    async convert(source) { return { files: source.files.length }; }
  }
`;

describe('sources in configuration files', () => {
  it('a converter that pulls needs no folder, and the file may say when; one for folders is any converter', async () => {
    const project = await Project.in(await temporaryFolder());
    await project.write('orders.mjs', ORDERS);
    await project.write('units.mjs', UNITS);
    const file = await project.write(
      'station.yaml',
      `
data_dir: ./state
converters:
  - name: orders
    module_path: ./orders.mjs
    schedule: { cron: "0 6 * * *", time_zone: Europe/Oslo }
  - name: units
    module_path: ./units.mjs
    watch_folder: ./watch
`,
    );
    const options = await loadConfig(file);
    expect(options.converters.map(({ converter }) => converter.constructor)).toEqual([
      expect.toSatisfy((type: unknown) => (type as typeof ScheduledConverter).prototype instanceof ScheduledConverter),
      expect.toSatisfy((type: unknown) => (type as typeof FolderConverter).prototype instanceof FolderConverter),
    ]);
    expect(options.converters[0]).toMatchObject({ schedule: { cron: '0 6 * * *', timeZone: 'Europe/Oslo' } });
    expect(() => new AsyncConverterPool({ ...options, submitter: async () => undefined })).not.toThrow();
  });

  it('names what is wrong with a schedule, by its place in the file', async () => {
    const project = await Project.in(await temporaryFolder());
    await project.write('orders.mjs', ORDERS);
    const file = await project.write(
      'station.yaml',
      `
data_dir: ./state
converters:
  - { name: orders, module_path: ./orders.mjs, schedule: { cron: "0 0 30 2 *" } }
`,
    );
    expect(await problemsOf(loadConfig(file))).toMatchObject([
      { path: 'converters[0].schedule', message: expect.stringContaining('never comes') },
    ]);
  });
});
