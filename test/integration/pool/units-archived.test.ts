import { rename } from 'node:fs/promises';
import {
  ArchiveStorage,
  ConverterBase,
  type ConverterOptions,
  type ConverterSource,
  FolderConverter,
  type PulledItem,
  ScheduledConverter,
} from 'millrace';
import { describe, expect, it, onTestFinished } from 'vitest';
import { next, Station } from './support.js';

const convert = async (source: ConverterSource) => ({ name: source.name });

class Folders extends FolderConverter {
  readonly name = 'folders';
  override readonly expectedFiles = ['a.csv', 'plots/a.png'];
  convert = convert;
}

class Files extends ConverterBase {
  readonly name = 'files';
  readonly supportedExtensions = ['.csv'];
  convert = convert;
}

class Items extends ScheduledConverter {
  readonly name = 'items';
  readonly schedule = { everyMs: 3_600_000 };
  convert = convert;

  pull(): PulledItem[] {
    return [{ key: 'order 1', content: { sn: 1 } }];
  }
}

type Case = [
  what: string,
  options: Pick<ConverterOptions, 'converter' | 'companions'>,
  restored: Record<string, string>,
];

const CASES: Case[] = [
  ['a folder', { converter: new Folders() }, { 'u/a.csv': 'table', 'u/plots/a.png': 'plot' }],
  [
    'a file with a companion',
    { converter: new Files(), companions: ['{stem}.png'] },
    { 'u.csv/u.csv': 'table', 'u.csv/u.png': 'plot' },
  ],
  ['an item that was pulled', { converter: new Items() }, { item: '{"sn":1}' }],
];

describe('a unit that is archived and leaves its folder', () => {
  it.each(CASES)(
    '%s is in the archive as one entry, sound, and comes back as it was',
    async (what, options, restored) => {
      const station = await Station.open();
      const archive = new ArchiveStorage({ directory: station.path('archive') });
      onTestFinished(() => archive.close());
      const pool = await station.start({ archive, converters: [{ ...options, postProcess: 'archive' }] });
      const completed = next(pool, 'completed');
      if (what === 'a folder') {
        await station.drop('staged/a.csv', 'table');
        await station.drop('staged/plots/a.png', 'plot');
        await rename(station.path('staged'), station.path('watch/u'));
      } else if (what === 'a file with a companion') {
        await station.drop('watch/u.png', 'plot');
        await station.drop('watch/u.csv', 'table');
      }
      await completed;
      await station.settled(pool);
      expect((await station.files('watch')).filter(name => !name.startsWith('.'))).toEqual([]);
      expect(await archive.verify()).toMatchObject({ checked: 1, ok: 1, damaged: [] });
      const { entries } = await archive.query({});
      expect(entries).toHaveLength(1);
      await archive.restoreSource(entries[0]?.archiveId as string, station.path('back'));
      const files = await station.files('back');
      const contents = await Promise.all(files.map(file => station.read(`back/${file}`)));
      expect(contents).toEqual(Object.values(restored));
      if (what !== 'an item that was pulled') expect(files).toEqual(Object.keys(restored));
    },
  );
});
