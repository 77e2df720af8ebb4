/** Bundles TypeScript programs that a test runs outside vitest: worker threads and child processes need plain JavaScript. */
import { rename } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

/** Where the bundles lie: inside node_modules, so that their imports of packages resolve. */
export const bundleFolder = fileURLToPath(new URL('../../node_modules/.cache/millrace/', import.meta.url));

const tests = fileURLToPath(new URL('../', import.meta.url));

/**
 * Bundles `entry` into {@link bundleFolder} and gives the path of the program. As in the package, the worker threads
 * lie in `workers/` beside it. A program of the tests has its folder in its name: two tests that run at once may have
 * programs of one name.
 */
export async function bundle(entry: string | URL, folder = '.'): Promise<string> {
  const path = typeof entry === 'string' ? entry : fileURLToPath(entry);
  const name = path.startsWith(tests) ? relative(tests, path).split(sep).join('-') : basename(path);
  const outfile = join(bundleFolder, folder, name.replace(/\.ts$/, '.js'));
  await bundleTo(outfile, path);
  return outfile;
}

/** Bundles `entry` to `outfile`, which has its name once it is whole: another run of the tests may be starting the same program now. */
export async function bundleTo(outfile: string, entry: string, options: BuildOptions = {}): Promise<void> {
  const made = `${outfile}.${process.pid}.js`;
  await build({
    entryPoints: [entry],
    outfile: made,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
    ...options,
  });
  await rename(made, outfile);
}
