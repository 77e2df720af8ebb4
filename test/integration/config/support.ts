/** A folder with a configuration file and the modules that it names. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError, type ConfigProblem } from 'millrace';
import { repoRoot } from '../../support/run.js';

/** A module as a user writes it: `Class` converts `.txt` files and reports what it was made with. */
export function converterModule(className: string, { version = '1.0.0' } = {}): string {
  return `
    import { ConverterBase } from 'millrace';
    export class ${className} extends ConverterBase {
      name = 'unnamed';
      version = '${version}';
      supportedExtensions = ['.txt'];
      async convert(source, context) {
        return { by: this.name, version: this.version, made: this.arguments, arguments: context.arguments, text: await source.text() };
      }
    }
  `;
}

export class Project {
  readonly root: string;

  /** A folder in which the package is installed. */
  static async in(root: string): Promise<Project> {
    await mkdir(join(root, 'node_modules'));
    await symlink(repoRoot, join(root, 'node_modules/millrace'), 'junction');
    return new Project(root);
  }

  private constructor(root: string) {
    this.root = root;
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  async write(path: string, content: string): Promise<string> {
    await mkdir(dirname(this.path(path)), { recursive: true });
    await writeFile(this.path(path), content);
    return this.path(path);
  }
}

/** The problems of a configuration that is refused. */
export async function problemsOf(loading: Promise<unknown>): Promise<readonly ConfigProblem[]> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`It was not refused: ${String(error)}`);
  return error.problems;
}
