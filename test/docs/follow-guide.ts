/** Does what a guide says, as a reader would: saves its programs, types its commands, and looks for what they should show. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A fenced block of a guide. */
interface Block {
  language: string;
  text: string;
}

/** What happened, for the test to look at. */
export interface Followed {
  files: string[];
  commands: string[];
  /** How many outputs were seen as the guide shows them. */
  outputs: number;
}

/** A program that a command left running, as in a terminal of its own. */
const LONG_RUNNING = /^node /;

/**
 * @param folder Where the reader begins.
 * @param replace Words that cannot be typed in a test, such as the package's name in a registry, and what stands for them.
 */
export async function followGuide(
  guide: string,
  folder: string,
  replace: Readonly<Record<string, string>> = {},
): Promise<Followed> {
  const terminal = new Terminal(folder, replace);
  const followed: Followed = { files: [], commands: [], outputs: 0 };
  try {
    for (const { language, text } of blocksOf(guide)) {
      const name = /^\/\/ (\S+\.mjs)\n/.exec(text)?.[1];
      if (language === 'js' && name) {
        await writeFile(join(terminal.folder, name), text);
        followed.files.push(name);
      } else if (language === 'sh') {
        for (const command of text.trim().split('\n')) {
          await terminal.type(command);
          followed.commands.push(command);
        }
      } else if (language === 'text' && terminal.expects) {
        for (const line of text.trim().split('\n')) await terminal.shows(line);
        followed.outputs += 1;
      }
    }
    return followed;
  } finally {
    await terminal.close();
  }
}

/** The blocks up to the first chapter that is no tutorial any more. */
function blocksOf(guide: string): Block[] {
  const tutorial = guide.split(/^## (?!\d)/m)[0] ?? '';
  return [...tutorial.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

class Terminal {
  folder: string;
  readonly #replace: Readonly<Record<string, string>>;
  #running: ChildProcess | undefined;
  #shown = '';
  #wake: () => void = () => undefined;

  constructor(folder: string, replace: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#replace = replace;
  }

  /** Something was typed whose output the guide can show. */
  get expects(): boolean {
    return this.#running !== undefined || this.#shown !== '';
  }

  async type(command: string): Promise<void> {
    const [, into] = /^cd (\S+)$/.exec(command) ?? [];
    if (into) {
      this.folder = join(this.folder, into);
      return;
    }
    const typed = Object.entries(this.#replace).reduce((text, [from, to]) => text.replace(from, to), command);
    const child = spawn(typed, { cwd: this.folder, shell: true, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#shown += chunk;
        this.#wake();
      });
    }
    if (LONG_RUNNING.test(command)) {
      this.#running = child;
      child.once('exit', () => this.#wake());
      return;
    }
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`'${command}' ended with ${code}: ${this.#shown}`);
  }

  /** Resolves when the text was shown since the last one was. */
  async shows(text: string): Promise<void> {
    for (;;) {
      const at = this.#shown.indexOf(text);
      if (at >= 0) {
        this.#shown = this.#shown.slice(at + text.length);
        return;
      }
      if (this.#running?.exitCode !== null && this.#running) throw new Error(`it ended, and showed: ${this.#shown}`);
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  /** Ctrl+C. */
  async close(): Promise<void> {
    const child = this.#running;
    if (child?.pid === undefined || child.exitCode !== null) return;
    const ended = once(child, 'close');
    // The shell and what runs in it, as a terminal does.
    process.kill(-child.pid, 'SIGINT');
    await ended;
  }
}
