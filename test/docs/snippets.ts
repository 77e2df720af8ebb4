/** Every block of JavaScript and TypeScript in the README and the docs, compiled in one go against the package's types. */
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { repoRoot } from '../support/run.js';

/** A block of code in a page. */
export interface Snippet {
  page: string;
  /** The line of its first line of code. */
  line: number;
  language: string;
  code: string;
}

/** A `return` outside a function: what stands in `convert()` may be shown alone. */
const TOP_LEVEL_RETURN = 1108;

/**
 * @param stage The folder of the built package.
 * @param folder An empty one.
 * @param more Checked beside those of the docs.
 * @returns What does not compile, each with the page and line, and how many snippets there are.
 */
export async function checkSnippets(
  stage: string,
  folder: string,
  more: readonly Snippet[] = [],
): Promise<{ problems: string[]; count: number }> {
  const snippets = [...(await allSnippets()), ...more];
  await symlink(join(repoRoot, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const exported = exportsOf(stage);
  const files = new Map<string, Snippet & { added: number }>();
  for (const [index, snippet] of snippets.entries()) {
    const file = join(folder, `${index}-${basename(snippet.page)}.${snippet.language === 'ts' ? 'mts' : 'mjs'}`);
    const imports = missingImports(snippet.code, exported);
    await writeFile(file, `${imports}${snippet.code}\nexport {};\n`);
    files.set(file, { ...snippet, added: imports.split('\n').length - 1 });
  }
  await writeOwnModules(folder, snippets);
  const ambient = join(repoRoot, 'test/docs/ambient.d.ts');
  const program = ts.createProgram([ambient, ...files.keys()], compilerOptions(stage, folder));
  const problems = ts.getPreEmitDiagnostics(program).flatMap(({ file, start, messageText, code }) => {
    if (code === TOP_LEVEL_RETURN) return [];
    const snippet = files.get(file?.fileName ?? '');
    const message = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!snippet || !file) return [`${file?.fileName}: ${message}`];
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
    return [`${snippet.page}:${snippet.line + line - snippet.added}: ${message}`];
  });
  return { problems, count: snippets.length };
}

async function allSnippets(): Promise<Snippet[]> {
  const docs = (await readdir(join(repoRoot, 'docs'), { recursive: true })).filter(
    path => path.endsWith('.md') && !path.startsWith('api'),
  );
  const snippets: Snippet[] = [];
  for (const page of ['README.md', ...docs.map(path => `docs/${path}`)]) {
    const text = await readFile(join(repoRoot, page), 'utf8');
    for (const match of text.matchAll(/^```(js|ts)\n([\s\S]*?)^```$/gm)) {
      const line = text.slice(0, match.index).split('\n').length + 1;
      snippets.push({ page, line, language: match[1] ?? '', code: match[2] ?? '' });
    }
  }
  return snippets;
}

/** A page's own modules (`// csv-converter.mjs` in the first line) can be imported by those after them. */
async function writeOwnModules(folder: string, snippets: readonly Snippet[]): Promise<void> {
  for (const { code } of snippets) {
    const name = /^\/\/ (\S+\.mjs)\n/.exec(code)?.[1];
    if (name) await writeFile(join(folder, name), code);
  }
}

const ENTRIES: Readonly<Record<string, string>> = {
  millrace: 'dist/index.d.ts',
  'millrace/report': 'dist/report/index.d.ts',
  'millrace/formats': 'dist/formats/index.d.ts',
  'millrace/testing': 'dist/testing/index.d.ts',
};

function compilerOptions(stage: string, folder: string): ts.CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts'],
    strict: true,
    // JavaScript says no types, and is meant to.
    noImplicitAny: false,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(repoRoot, 'node_modules/@types')],
    paths: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, [join(stage, path)]])),
    baseUrl: folder,
  };
}

/** What the package's main entry exports. */
function exportsOf(stage: string): ReadonlySet<string> {
  const path = join(stage, ENTRIES.millrace ?? '');
  const { NodeNext } = ts.ModuleKind;
  const moduleResolution = ts.ModuleResolutionKind.NodeNext;
  const program = ts.createProgram([path], { module: NodeNext, moduleResolution, types: [], skipLibCheck: true });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  const symbol = file && checker.getSymbolAtLocation(file);
  return new Set((symbol ? checker.getExportsOfModule(symbol) : []).map(exported => exported.name));
}

/** Imports of what a snippet uses of the package without saying so: guides do not repeat themselves. */
function missingImports(code: string, exported: ReadonlySet<string>): string {
  const declared = new Set(
    [...code.matchAll(/\b(?:class|const|let|function|type|interface) (\w+)|import [^;]*?\{([^}]*)\}/g)].flatMap(
      ([, name, list]) => (name ? [name] : (list ?? '').split(',').map(part => part.trim().split(' ').pop() ?? '')),
    ),
  );
  const withoutText = code.replace(/\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, '');
  const used = new Set(withoutText.match(/(?<![.\w])[A-Za-z]\w*/g));
  return [...used]
    .filter(name => exported.has(name) && !declared.has(name))
    .map(name => `import { ${name} } from 'millrace';\n`)
    .join('');
}
