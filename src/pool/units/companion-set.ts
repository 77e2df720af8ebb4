/** A file with its companions as one unit. In the watch folder they lie side by side; once they have left it, in a folder of their own. */
import { basename, dirname, extname, join, posix } from 'node:path';
import { FileSource } from '../../converters/file-source.js';
import { identityOfMembers, SetSource } from '../../converters/set-source.js';
import { type Look, lookAtFile } from '../../discovery/look.js';
import { MillraceError, systemCode } from '../../errors.js';
import { removeIfThere } from '../../files/atomic-write.js';
import { whileBusy } from '../../files/busy.js';
import type { Member } from '../../files/file-set.js';
import type { FileSystem } from '../../files/file-system.js';
import { exists, takeFreeName } from '../../files/free-name.js';
import { linkOrRename } from '../../files/place.js';
import { discardTree, listTree } from '../../files/tree.js';
import type { Companions } from '../companion-options.js';
import type { UnitKind, UnitPlace } from './unit-kind.js';

/** Files with companions as `options` say. @param extensions Of the files that have them. */
export function companionSet(options: Companions, extensions: readonly string[]): UnitKind {
  const patterns = [...options.required, ...options.optional];
  const shapes = patterns.map(pattern => shapeOf(pattern, extensions));
  const namesFor = (name: string, from: readonly string[] = patterns): string[] =>
    from.map(pattern => fill(pattern, name));
  const lookAt = (fs: FileSystem, path: string) => lookAtSet(fs, path, namesFor(basename(path)));

  return {
    deep: false,
    of: path => path,
    refuses: path =>
      shapes.some(shape => shape(basename(path)).length > 0) ? 'it accompanies another file' : undefined,
    companions: name => namesFor(name),
    accompanied: path => shapes.flatMap(shape => shape(basename(path)).map(name => posix.join(dirname(path), name))),
    look: async (fs, path, waitedMs) => {
      const found = await lookAt(fs, path);
      if (!found) return undefined;
      const missing = (from: readonly string[]) =>
        namesFor(basename(path), from).filter(name => !found.names.has(name));
      return { ...found.look, ...patience(options, waitedMs, missing) };
    },
    read: async (fs, place) => {
      const { path, location, copyTo } = place;
      const name = basename(path);
      const members = await membersAt(fs, place, lookAt);
      const required = options.late === 'convert' ? [] : namesFor(name, options.required);
      const missing = required.filter(companion => !members?.some(member => member.name === companion));
      const isThere = members !== undefined || (location !== path && (await exists(fs, location)));
      if (isThere && missing.length > 0) throw incomplete(place, options, missing);
      if (!members) return FileSource.read({ fs, path: location, knownAs: path, copyTo });
      const folder = location === path ? dirname(path) : location;
      return SetSource.read({
        fs,
        path,
        name,
        members,
        primary: name,
        copyTo,
        locate: member => ({ location: join(folder, member), path: join(dirname(path), member) }),
      });
    },
    tree: {
      isPlain: async (fs, { path, location }) => {
        if (location === path) {
          const found = await lookAt(fs, path);
          return found && found.names.size === 1;
        }
        return (await exists(fs, location)) ? (await fs.lstat(location)).isFile() : undefined;
      },
      take: async (fs, path, taken) => {
        const names = [basename(path), ...namesFor(basename(path))];
        const begun = await exists(fs, taken);
        // A companion that is there alone belongs to a file that is still to come.
        if (!begun && !(await exists(fs, path))) return;
        await fs.mkdir(taken, { recursive: true });
        for (const name of names) {
          if (!(await exists(fs, join(taken, name))))
            await renameIfThere(fs, join(dirname(path), name), join(taken, name));
        }
      },
      giveBack: async (fs, folder, path) => {
        for (const { name, ino } of (await listTree(fs, folder))?.files ?? []) {
          // An attempt before this one gave it its name back, and ended before the other name was gone.
          const there = await lookAtFile(fs, join(dirname(path), name));
          if (there && ino !== 0 && there.identity.ino === ino) {
            await removeIfThere(fs, join(folder, name));
            continue;
          }
          await takeFreeName(fs, dirname(path), name, async target => {
            await linkOrRename(fs, join(folder, name), target);
          });
        }
        await discardTree(fs, folder);
      },
      identityOf: (tree, path) => identityOfMembers(tree.files, basename(path)),
    },
  };
}

/** What is still waited for, and for how long. */
function patience(
  { required, optional, waitMs, late }: Companions,
  waitedMs: number,
  missing: (from: readonly string[]) => string[],
): Pick<Look, 'waitsFor' | 'dueInMs'> {
  const dueInMs = waitMs - waitedMs;
  const needed = missing(required);
  const wanted = dueInMs > 0 ? [...needed, ...missing(optional)] : late === 'wait' ? needed : [];
  if (wanted.length === 0) return {};
  const waitsFor = `its companion ${wanted.map(name => `'${name}'`).join(', ')}`;
  // For ever, where a required one is missing and that is the policy.
  return dueInMs > 0 && (needed.length === 0 || late !== 'wait') ? { waitsFor, dueInMs } : { waitsFor };
}

interface FoundSet {
  look: Look;
  names: ReadonlySet<string>;
  members: Member[];
}

async function lookAtSet(fs: FileSystem, path: string, companions: readonly string[]): Promise<FoundSet | undefined> {
  const members: Member[] = [];
  let ctimeMs = 0;
  for (const name of [basename(path), ...companions]) {
    const look = await lookAtFile(fs, join(dirname(path), name));
    if (!look && members.length === 0) return undefined;
    if (!look) continue;
    members.push({ name, ...look.identity });
    ctimeMs = Math.max(ctimeMs, look.ctimeMs);
  }
  const identity = identityOfMembers(members, basename(path));
  return { look: { identity, ctimeMs }, names: new Set(members.map(({ name }) => name)), members };
}

/** The set's files; `undefined` when it is a file alone that has left the watch folder. */
async function membersAt(
  fs: FileSystem,
  { path, location }: UnitPlace,
  lookAt: (fs: FileSystem, path: string) => Promise<FoundSet | undefined>,
): Promise<Member[] | undefined> {
  if (location !== path) return (await listTree(fs, location))?.files;
  return (await lookAt(fs, path))?.members;
}

/** It is waited for as long as the policy says; outside the watch folder none can come any more. */
function incomplete(
  { path, location, waitedMs }: UnitPlace,
  { waitMs, late }: Companions,
  names: readonly string[],
): MillraceError {
  const message = `${path} came without ${names.map(name => `'${name}'`).join(', ')}`;
  const final = location !== path || (late === 'fail' && waitedMs >= waitMs);
  return new MillraceError(final ? 'COMPANION_MISSING' : 'SOURCE_CHANGED', message);
}

function fill(pattern: string, name: string): string {
  const stem = name.slice(0, name.length - extname(name).length);
  return pattern.replaceAll('{stem}', () => stem).replaceAll('{name}', () => name);
}

/** From the name of a companion to the names of the files that it may accompany. */
function shapeOf(pattern: string, extensions: readonly string[]): (name: string) => string[] {
  const [, before = '', kind = '', after = ''] = /^(.*?)(\{stem\}|\{name\})(.*)$/.exec(pattern) ?? [];
  return name => {
    const fits = name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after);
    if (!fits) return [];
    const core = name.slice(before.length, name.length - after.length);
    const names = kind === '{name}' || extensions.length === 0 ? [core] : extensions.map(extension => core + extension);
    return names.filter(main => fill(pattern, main) === name && main !== name);
  };
}

async function renameIfThere(fs: FileSystem, from: string, to: string): Promise<void> {
  try {
    await whileBusy(() => fs.rename(from, to));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
