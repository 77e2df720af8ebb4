/** Writes `schema.json` and the reference in the configuration guide anew, from the tables of src/config. */
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const path = relative => fileURLToPath(new URL(relative, import.meta.url));
const guide = path('../docs/guides/configuration.md');

const folder = await mkdtemp(join(tmpdir(), 'millrace-reference-'));
try {
  await symlink(path('../node_modules'), join(folder, 'node_modules'), 'junction');
  const outfile = join(folder, 'config-reference.mjs');
  await build({
    entryPoints: [path('support/config-reference.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  const { configSchema, withReference } = await import(pathToFileURL(outfile).href);
  await writeFile(path('../schema.json'), `${JSON.stringify(configSchema(), null, 2)}\n`);
  await writeFile(guide, withReference(await readFile(guide, 'utf8')));
} finally {
  await rm(folder, { recursive: true });
}
