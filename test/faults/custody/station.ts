/** The station of the crash tests: its converters, folders and pool, the same in the child that dies and in the parent that goes on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AsyncConverterPool,
  ConverterBase,
  type ConverterContext,
  type ConverterOptions,
  ConverterResult,
  type ConverterSource,
  type FileSystem,
  FolderConverter,
  type FolderWatch,
  HttpSubmitter,
  nodeFileSystem,
  PendingQueue,
  type PostProcessAction,
  type PullContext,
  type PulledItem,
  ScheduledConverter,
  type WatchOptions,
} from 'millrace';

/** What a station is made with; plain data, so that it can be given to a child process. */
export interface StationSettings {
  root: string;
  url: string;
  /** The name of a converter is its post-process action: one for each. */
  actions: PostProcessAction[];
  /** What one source is: a file, a folder, a file with a companion, or an item that is pulled. Default 'file'. */
  unit?: UnitName;
  version?: string;
  arguments?: Record<string, unknown>;
  onLocked?: 'fail' | 'wait';
  /** After so many further attempts a file is parked. Default 3. */
  maxRetries?: number;
  /** Keep every source in an archive. */
  archive?: boolean;
  /** Listen to native file events. Default true; without them only scans find files, which keeps a start short. */
  watch?: boolean;
}

export type UnitName = 'file' | 'folder' | 'set' | 'pulled';

/** Where the station's converters that pull find what there is to pull: one item a line, by its key. */
export function tableOf(root: string): string {
  return join(root, 'table.txt');
}

/** Where the station's archive is. */
export function archiveOf(root: string): string {
  return join(root, 'archive');
}

/** The folders of one converter. */
export function foldersOf(
  root: string,
  action: string,
): { watch: string; done: string; error: string; pending: string } {
  const at = (name: string): string => join(root, action, name);
  return { watch: at('watch'), done: at('Done'), error: at('Error'), pending: at('Pending') };
}

/**
 * A file's first word says what becomes of it: `good`, `two` (reports), `bad`, `later` (suspended at first) or `killer`
 * (ends the process, unless the converter is version 2 or has the argument `mended`). The second word tells files apart.
 */
async function convert(text: string, version: string, context: ConverterContext) {
  const [kind, word] = text.split(' ');
  switch (kind) {
    case 'two':
      return [
        { word, index: 0 },
        { word, index: 1 },
      ];
    case 'bad':
      return ConverterResult.rejected('it is bad');
    case 'later':
      return context.attempt === 1 ? ConverterResult.suspended('not yet', { retryAfterMs: 5 }) : { word, index: 0 };
    case 'killer':
      if (version === '1.0.0' && !context.arguments.mended) process.kill(process.pid, 'SIGKILL');
      return { word, index: 0 };
    default:
      return { word, index: 0 };
  }
}

class Words extends ConverterBase {
  declare readonly name: string;
  readonly supportedExtensions = ['.csv'];

  async convert(source: ConverterSource, context: ConverterContext) {
    return convert(await source.text(), this.version, context);
  }
}

/** The words are in one of the folder's files. */
class FolderWords extends FolderConverter {
  declare readonly name: string;
  override readonly expectedFiles = ['*.csv', 'plots/*.png'];

  async convert(source: ConverterSource, context: ConverterContext) {
    const file = source.files?.find(({ name }) => name.endsWith('.csv'));
    return convert((await file?.text()) ?? '', this.version, context);
  }
}

/** The words are a line of the table. */
class PulledWords extends ScheduledConverter {
  declare readonly name: string;
  readonly schedule = { everyMs: 3_600_000 };
  readonly #root: string;

  constructor(root: string) {
    super();
    this.#root = root;
  }

  async *pull({ cursor }: PullContext): AsyncGenerator<PulledItem> {
    const lines = (await readFile(tableOf(this.#root), 'utf8')).split('\n').filter(line => line !== '');
    for (const [index, content] of lines.entries()) {
      if (index >= Number(cursor ?? 0)) yield { content, key: content.split(' ')[1] as string, cursor: index + 1 };
    }
  }

  async convert(source: ConverterSource, context: ConverterContext) {
    return convert(await source.text(), this.version, context);
  }
}

function converterOf({ root, unit = 'file', version = '1.0.0' }: StationSettings, name: string): ConverterBase {
  const words = unit === 'folder' ? new FolderWords() : unit === 'pulled' ? new PulledWords(root) : new Words();
  return Object.assign(words, { name, version });
}

/** A pool over the station's folders. Its times are short: a test waits for nothing that a user would not. */
export function makePool(settings: StationSettings, fs: FileSystem = nodeFileSystem): AsyncConverterPool {
  const { root, url, actions, unit, onLocked = 'fail', watch = true, maxRetries = 3, archive = false } = settings;
  const pending = new PendingQueue({
    directory: join(root, 'state', 'pending'),
    submitter: new HttpSubmitter({ url: `${url}/api/Report/WSJF` }),
    retry: { baseDelayMs: 10, maxDelayMs: 100, budgetPerMinute: 100_000 },
    breaker: { failureThreshold: 2, resetTimeoutMs: 50 },
    probeIntervalMs: 50,
    rescanIntervalMs: 50,
    minFreeBytes: 0,
    reserveBytes: 4096,
    fs,
  });
  const converters = actions.map((action): ConverterOptions => {
    const {
      watch: watchFolder,
      done: doneFolder,
      error: errorFolder,
      pending: pendingFolder,
    } = foldersOf(root, action);
    return {
      converter: converterOf(settings, action),
      ...(unit === 'set' ? { companions: ['{stem}.png'] } : {}),
      watchFolder,
      doneFolder,
      errorFolder,
      pendingFolder,
      postProcess: action,
      stabilityMs: 5,
      rescanIntervalMs: 200,
      // A watch that is deaf on purpose is not to be tried.
      ...(watch ? {} : { canaryIntervalMs: 0 }),
      retryDelayMs: 10,
      maxRetries,
      // The pool opens and closes it.
      ...(archive ? { archiveFolder: archiveOf(root), archivePolicy: 'required' as const } : {}),
      arguments: settings.arguments ?? {},
    };
  });
  return new AsyncConverterPool({
    dataDir: join(root, 'state'),
    pending,
    converters,
    onLocked,
    minFreeBytes: 0,
    probeIntervalMs: 50,
    fs,
    ...(watch ? {} : { startWatch: deafWatch }),
  });
}

function deafWatch(_options: WatchOptions): FolderWatch {
  return { ready: Promise.resolve(), close: async () => undefined };
}
