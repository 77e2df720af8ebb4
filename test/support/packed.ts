/** The package as a user gets it: built from the sources in a folder of its own and packed by npm. */
import { cp, mkdir, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { repoRoot, runNode, runNpm } from './run.js';

/** The packed package. */
export interface Packed {
  /** The `.tgz`. */
  tarball: string;
  /** The folder that it was packed from: its files as they are in the package, and others. */
  stage: string;
  /** The files of the package, relative to it, with `/`. */
  files: readonly string[];
  /** Bytes of the `.tgz`. */
  size: number;
  /** Bytes of all files. */
  unpackedSize: number;
}

/** What `npm pack --json` says of a package. */
interface PackReport {
  filename: string;
  files: { path: string }[];
  size: number;
  unpackedSize: number;
}

const NOT_SOURCES = new Set(['node_modules', '.git', '.cache', 'dist', 'coverage']);

/**
 * Builds and packs in `folder`. Not in the repo: `npm test` has built its `dist` without types, and other tests run
 * what is in there.
 */
export async function packInto(folder: string): Promise<Packed> {
  const stage = join(folder, 'stage');
  await mkdir(stage);
  await cp(repoRoot, stage, {
    recursive: true,
    filter: source => dirname(source) !== dirname(join(repoRoot, 'x')) || !NOT_SOURCES.has(basename(source)),
  });
  await symlink(join(repoRoot, 'node_modules'), join(stage, 'node_modules'), 'junction');
  await runNode([join(repoRoot, 'node_modules/tsup/dist/cli-default.js')], stage);
  const { stdout } = await runNpm('pack --json --ignore-scripts --pack-destination ..', stage);
  // An array, and in newer versions of npm an object by name.
  const [report] = Object.values(JSON.parse(stdout) as Record<string, PackReport>);
  if (report === undefined) throw new Error(`npm pack named no package: ${stdout}`);
  const { filename, files, size, unpackedSize } = report;
  return { tarball: join(folder, filename), stage, files: files.map(file => file.path), size, unpackedSize };
}
