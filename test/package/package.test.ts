import { copyFile, cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { followGuide } from '../docs/follow-guide.js';
import { checkSnippets } from '../docs/snippets.js';
import { type Packed, packInto } from '../support/packed.js';
import { repoRoot, runNode, runNpm } from '../support/run.js';
import { temporaryFolders } from '../support/temp-folder.js';

const newFolder = temporaryFolders();
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

let packed: Packed;
beforeAll(async () => {
  packed = await packInto(await newFolder());
  const { size, unpackedSize, files } = packed;
  process.stdout.write(`packed ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}, ${files.length} files\n`);
}, 180_000);

describe('the packed package', () => {
  const read = (path: string): Promise<string> => readFile(join(packed.stage, path), 'utf8');
  const filesLike = (pattern: RegExp): string[] => packed.files.filter(path => pattern.test(path));
  const manifest = async () =>
    JSON.parse(await read('package.json')) as {
      exports: Record<string, string | Record<string, string>>;
      dependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
    };

  it('holds what users need and nothing else', () => {
    const needed =
      /^(dist\/.+\.(js|js\.map|d\.ts)|docs\/guides\/.+|CHANGELOG\.md|LICENSE|THIRD-PARTY-NOTICES\.md|README\.md|package\.json|schema\.json)$/;
    expect(packed.files.filter(path => !needed.test(path))).toEqual([]);
    expect(packed.files).toEqual(expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']));
  });

  it('holds every file that its exports and its worker threads name', async () => {
    const { exports } = await manifest();
    const exported = Object.values(exports).flatMap(target =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    const workers = [...(await read('src/worker-url.ts')).matchAll(/new URL\('(\.\/.+?)'/g)];
    expect(workers).not.toEqual([]);
    const named = [...exported, ...workers.map(match => match[1]?.replace('./', './dist/'))];
    expect(packed.files).toEqual(expect.arrayContaining(named.map(path => path?.replace('./', ''))));
  });

  it('is small: no dependency was built in by mistake', () => {
    expect(packed.size).toBeLessThan(1_500_000);
    expect(packed.unpackedSize).toBeLessThan(6_000_000);
  });

  it('imports only Node and its own dependencies', async () => {
    const { dependencies: needed, peerDependencies } = await manifest();
    const dependencies = Object.keys({ ...needed, ...peerDependencies });
    for (const path of filesLike(/\.js$/)) {
      const foreign = packagesImportedBy(await read(path)).filter(name => !dependencies.includes(name));
      expect(foreign, path).toEqual([]);
    }
  });

  it('mentions no types but its own and those of Node', async () => {
    const declarations = filesLike(/\.d\.ts$/);
    expect(declarations).toEqual(expect.arrayContaining(['dist/index.d.ts', 'dist/testing/index.d.ts']));
    for (const path of declarations) expect(packagesImportedBy(await read(path)), path).toEqual([]);
  });

  it('holds each source once, so that instanceof holds across its subpaths', async () => {
    const maps = await Promise.all(filesLike(/\.js\.map$/).map(read));
    const sources = maps.flatMap(map =>
      (JSON.parse(map) as { sources: string[] }).sources.map(path => path.replace(/^(\.\.\/)+/, '')),
    );
    expect(sources).toContain('src/errors.ts');
    expect(sources).toContain('src/testing/faulty-file-system.ts');
    expect(sources.filter((source, index) => sources.indexOf(source) !== index)).toEqual([]);
  });
});

describe('the getting-started guide', () => {
  it.skipIf(process.platform === 'win32')('does what it says, command by command', async () => {
    const folder = await newFolder();
    await copyFile(packed.tarball, join(folder, 'millrace.tgz'));
    const guide = await readFile(join(repoRoot, 'docs/guides/getting-started.md'), 'utf8');
    // The one thing that differs: it is not in the registry yet.
    const install = 'npm install --prefer-offline --no-audit --no-fund ../millrace.tgz';
    const followed = await followGuide(guide, folder, { 'npm install millrace': install });
    expect(followed.files).toEqual(['csv-converter.mjs', 'station.mjs']);
    expect(followed.commands).toHaveLength(10);
    expect(followed.outputs).toBe(5);
  });
});

describe('the snippets of the docs', () => {
  it("compile against the package's types", async () => {
    const wrong = { page: 'wrong.md', line: 7, language: 'js', code: '\npool.nothing();\n' };
    const { problems, count } = await checkSnippets(packed.stage, await newFolder(), [wrong]);
    // The one that is there to be found.
    expect(problems).toEqual([expect.stringMatching(/^wrong\.md:8: Property 'nothing' does not exist/)]);
    expect(count).toBeGreaterThan(20);
  });
});

describe('a project that installs the package', () => {
  let project: string;

  beforeAll(async () => {
    project = await newFolder();
    await cp(fileURLToPath(new URL('consumers', import.meta.url)), project, { recursive: true });
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'consumers', private: true }));
    await copyFile(packed.tarball, join(project, 'millrace.tgz'));
    await runNpm('install --prefer-offline --no-audit --no-fund ./millrace.tgz', project);
  }, 180_000);

  it('imports it from an ES module', async () => {
    expect(await runNode(['main.mjs'], join(project, 'esm'))).toEqual({ stdout: 'well\n', stderr: '' });
  });

  it('requires it from a CommonJS module', async () => {
    expect(await runNode(['main.cjs'], join(project, 'commonjs'))).toEqual({ stdout: 'well\n', stderr: '' });
  });

  it('compiles against its types under the strictest settings, and runs', async () => {
    const types = join(project, 'typescript');
    await symlink(join(repoRoot, 'node_modules/@types'), join(project, 'node_modules/@types'), 'junction');
    await runNode([join(repoRoot, 'node_modules/typescript/bin/tsc')], types);
    expect(await runNode(['out/main.js'], types)).toEqual({ stdout: 'well\n', stderr: '' });
  });
});

/** The packages that built code or declarations import in any way, without Node's own modules. */
function packagesImportedBy(code: string): string[] {
  return ts
    .preProcessFile(code, true, true)
    .importedFiles.map(file => file.fileName)
    .filter(name => !name.startsWith('.') && !isBuiltin(name))
    .map(name => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
}
