import { mkdir, rename } from 'node:fs/promises';
import {
  ConverterBase,
  type ConverterContext,
  type ConverterOptions,
  type ConverterSource,
  FolderConverter,
  type PostProcessAction,
} from 'millrace';
import { type Fault, FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { everywhere } from '../../support/effort.js';
import { next, Station } from './support.js';

const report = async (source: ConverterSource) => ({ name: source.name, files: source.files?.map(file => file.name) });

class Folders extends FolderConverter {
  readonly name = 'units';
  override readonly expectedFiles = ['u.csv', 'u.png'];
  convert = report;
}

class Files extends ConverterBase {
  readonly name = 'units';
  readonly supportedExtensions = ['.csv'];
  convert = report;
}

const FILES = ['u.csv', 'u.png'];

/** A folder `u` in the watch folder, or a file `u.csv` with its companion. */
async function drop(station: Station, kind: 'folder' | 'set'): Promise<void> {
  for (const name of [...FILES].reverse())
    await station.drop(`${kind === 'set' ? 'watch' : 'staged'}/${name}`, `of ${name}`);
  if (kind === 'folder') await rename(station.path('staged'), station.path('watch/u'));
}

function optionsOf(
  kind: 'folder' | 'set',
  postProcess: PostProcessAction,
): Partial<ConverterOptions> & Pick<ConverterOptions, 'converter'> {
  return kind === 'folder'
    ? { converter: new Folders(), postProcess }
    : { converter: new Files(), companions: ['{stem}.png'], postProcess };
}

const taken = /\.millrace-taken$/;
const inDone = /\/Done\/u(\.csv)?$/;
const CASES: [what: string, action: PostProcessAction, faults: Fault[]][] = [
  ['another volume', 'move', [{ operation: 'rename', path: path => inDone.test(path), code: 'EXDEV', times: 1 }]],
  [
    'another volume, and the copy breaks off',
    'move',
    [
      { operation: 'rename', path: path => inDone.test(path), code: 'EXDEV', times: 2 },
      { operation: 'file.sync', path: /millrace-tmp\//, code: 'EIO', skip: 1, times: 1 },
    ],
  ],
  [
    'another volume, and the source cannot be removed at first',
    'move',
    [
      { operation: 'rename', path: path => inDone.test(path), code: 'EXDEV', times: 1 },
      { operation: 'unlink', path: /-done\.millrace-taken\//, code: 'EIO', skip: 1, times: 1 },
    ],
  ],
  [
    'a move whose answer is lost',
    'move',
    [{ operation: 'rename', path: inDone, code: 'EIO', times: 1, afterwards: true }],
  ],
  ['taking it fails at first', 'move', [{ operation: 'rename', path: taken, code: 'EIO', times: 1, afterwards: true }]],
  [
    'a removal that breaks off',
    'delete',
    [{ operation: 'unlink', path: /-done\.millrace-taken\//, code: 'EIO', skip: 1, times: 1 }],
  ],
  ['a ZIP that breaks off', 'zip', [{ operation: 'file.write', path: /millrace-tmp$/, code: 'EIO', times: 1 }]],
  [
    'a ZIP whose source stays at first',
    'zip',
    [{ operation: 'rename', path: /-done\.millrace-taken$/, code: 'EIO', times: 1 }],
  ],
];

it('a folder that cannot be renamed, as on Windows while it is watched, is taken file by file, and that goes on where it was', async () => {
  const station = await Station.open();
  const fs = new FaultyFileSystem();
  const pool = await station.start({ fs, converters: [optionsOf('folder', 'move')] });
  const whole = fs.fail({ operation: 'rename', path: /\/watch\/u$/, code: 'EPERM' });
  const broken = fs.fail({ operation: 'rename', path: /\/watch\/u\/u\.png$/, code: 'EIO', times: 1 });
  const completed = next(pool, 'completed');
  await drop(station, 'folder');
  await completed;
  expect([whole.hits, broken.hits]).toEqual([1, 1]);
  await station.settled(pool);
  expect(await station.files('Done')).toEqual(FILES.map(name => `u/${name}`));
  expect((await station.files('watch')).filter(name => name !== '.millrace-canary')).toEqual([]);
});

it('a set that goes back to the watch folder has its own names, though that breaks off', async () => {
  const station = await Station.open();
  const fs = new FaultyFileSystem();
  const later = Object.assign(new Files(), {
    convert: (source: ConverterSource, { attempt, suspend }: ConverterContext) =>
      attempt === 1 ? suspend('not yet', { retryAfterMs: 5 }) : report(source),
  });
  const pool = await station.start({ fs, converters: [{ ...optionsOf('set', 'keep'), converter: later }] });
  const fault = fs.fail({ operation: 'unlink', path: /\/Pending\/u\.csv\/u\.csv$/, code: 'EIO', times: 1 });
  const completed = next(pool, 'completed');
  await drop(station, 'set');
  await completed;
  expect(fault.hits).toBe(1);
  await station.settled(pool);
  expect((await station.files('watch')).filter(name => name !== '.millrace-canary')).toEqual(FILES);
  expect(await station.files('Pending')).toEqual([]);
});

describe.each(['folder', 'set'] as const)('a %s is cleaned up as a whole and once, through', kind => {
  // Both are a folder once they are taken: what follows is the same, and is tried for both in the soak.
  it.each(kind === 'folder' || everywhere ? CASES : CASES.filter((_, index) => index % 3 === 1))(
    '%s (%s)',
    async (_what, postProcess, faults) => {
      const station = await Station.open();
      const fs = new FaultyFileSystem();
      await mkdir(station.path('Done'));
      const pool = await station.start({ fs, converters: [optionsOf(kind, postProcess)] });
      const active = faults.map(fault => fs.fail(fault));
      const completed = next(pool, 'completed');
      await drop(station, kind);
      await completed;
      expect(active.every(fault => fault.hits > 0)).toBe(true);
      await station.settled(pool);
      expect(station.reports()).toEqual([{ name: kind === 'folder' ? 'u' : 'u.csv', files: FILES }]);
      const place = kind === 'folder' ? 'u' : 'u.csv';
      const done = {
        move: FILES.map(name => `${place}/${name}`),
        zip: [`${place}.zip`],
        delete: [],
        archive: [],
        keep: [],
      }[postProcess];
      expect(await station.files('Done')).toEqual(done);
      expect((await station.files('watch')).filter(name => name !== '.millrace-canary')).toEqual([]);
      if (postProcess === 'move')
        for (const name of FILES) expect(await station.read(`Done/${place}/${name}`)).toBe(`of ${name}`);
    },
  );
});
