/** Symbolic links in a watch folder: inside it they are followed, out of it they are refused, and loops end. */
import { lstat, mkdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileSystem, nodeFileSystem } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, echo, next, Station, until } from './support.js';

const recursive = { converters: [{ converter: converter(echo), recursive: true }] };

describe.runIf(process.platform !== 'win32')('symbolic links', () => {
  it('out of the watch folder are refused with one warning each, dropped before or after the start', async () => {
    const station = await Station.open();
    await station.drop('outside/secret.txt', 'secret');
    await symlink(station.path('outside'), station.path('watch', 'folder'));
    const pool = await station.start(recursive);
    const later = station.path('watch', 'file.txt');
    await symlink(station.path('outside', 'secret.txt'), later);
    await until(() => station.errors.length === 2);
    for (let scan = 0; scan < 3; scan += 1) await pool.idle();
    expect(station.errors).toMatchObject([{ code: 'LINK_ESCAPES' }, { code: 'LINK_ESCAPES' }]);
    expect(station.reports()).toEqual([]);
    expect(await station.files('outside')).toEqual(['secret.txt']);
    expect(await pool.explain(later)).toContain('is a symbolic link out of the watch folder');
    expect((await pool.items()).items).toEqual([]);
  });

  it('that make a loop end, and each file is taken once, under its own name', async () => {
    const station = await Station.open();
    await station.drop('watch/x/a.txt', 'a');
    await symlink(station.path('watch'), station.path('watch', 'x', 'up'));
    await symlink(station.path('watch', 'x'), station.path('watch', 'x', 'again'));
    await symlink(station.path('watch', 'self'), station.path('watch', 'self'));
    await symlink(station.path('watch', 'x', 'a.txt'), station.path('watch', 'other.txt'));
    const pool = await station.start(recursive);
    await station.settled(pool);
    expect(station.reports().map(report => report.name)).toEqual(['a.txt']);
    expect(await pool.explain(station.path('watch', 'self'))).toContain('leads nowhere');
    expect(station.errors).toEqual([]);
  });

  it('to a folder that is not looked into by itself bring its files, under the name of the link', async () => {
    const station = await Station.open();
    await station.drop('watch/.store/2026/a.txt', 'a');
    await symlink(station.path('watch', '.store'), station.path('watch', 'current'));
    await symlink(station.path('watch', '.store'), station.path('watch', 'the-same'));
    const pool = await station.start(recursive);
    await station.settled(pool);
    expect(station.reports().map(report => report.name)).toEqual(['a.txt']);
    expect(await station.files('Done')).toHaveLength(1);
    expect(await pool.explain(station.path('watch', 'current'))).toContain('whose files are taken under its name');
    await station.drop('watch/.store/b.txt', 'b');
    await station.settled(pool);
    expect(station.reports()).toHaveLength(2);
  });

  it.each([
    ['hidden', '.store/real.txt', true],
    ['too deep to be looked into', 'sub/real.txt', false],
  ])('to a file that is %s bring it under the name of the link, which alone leaves', async (_why, target, deep) => {
    const station = await Station.open();
    await station.drop(`watch/${target}`, 'content');
    // Relative: elsewhere it would lead nowhere.
    await symlink(target, station.path('watch', 'link.txt'));
    const pool = await station.start({ converters: [{ converter: converter(echo), recursive: deep }] });
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'link.txt', text: 'content' }]);
    expect(await station.files('Done')).toEqual(['link.txt']);
    expect(await station.read('Done/link.txt')).toBe('content');
    expect((await lstat(station.path('Done', 'link.txt'))).isFile()).toBe(true);
    expect(await station.files('watch')).toEqual([join(...target.split('/'))]);
    expect(station.errors).toEqual([]);
  });

  it('that take the place of a file just before it is moved are converted as what they are', async () => {
    const station = await Station.open();
    await station.drop('watch/.store/real.txt', 'linked');
    const path = await station.drop('watch/a.txt', 'a');
    let replaced = false;
    const fs: FileSystem = {
      ...nodeFileSystem,
      link: async (from, to) => {
        if (from === path && !replaced) {
          replaced = true;
          await unlink(path);
          await symlink(join('.store', 'real.txt'), path);
        }
        return nodeFileSystem.link(from, to);
      },
    };
    const pool = await station.start({ ...recursive, fs });
    await station.settled(pool);
    await until(() => station.reports().length === 2);
    await station.settled(pool);
    expect(station.reports().map(({ text }) => text)).toEqual(['a', 'linked']);
    const [only, ...others] = await station.files('Done');
    expect(others).toEqual([]);
    expect((await lstat(station.path('Done', only ?? ''))).isFile()).toBe(true);
    expect(await station.read(`Done/${only}`)).toBe('linked');
  });

  it('to the done folder bring nothing back', async () => {
    const station = await Station.open();
    const doneFolder = station.path('watch', 'done');
    await mkdir(doneFolder);
    await symlink(doneFolder, station.path('watch', 'finished'));
    const pool = await station.start({ converters: [{ converter: converter(echo), recursive: true, doneFolder }] });
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await completed;
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
  });

  it('a watch folder that is a link itself is an ordinary watch folder', async () => {
    const station = await Station.open();
    await mkdir(station.path('real'));
    await symlink(station.path('real'), station.path('linked'));
    const pool = await station.start({
      // Nothing but its native events may bring the file.
      converters: [{ converter: converter(echo), watchFolder: station.path('linked'), canaryIntervalMs: 0 }],
    });
    const completed = next(pool, 'completed');
    await station.drop('real/a.txt', 'a');
    await completed;
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
  });
});
