/** The process that is killed: runs a station's pool, and dies at the file operation that it was told, or when it is told to. */
import { type FileSystem, nodeFileSystem, type OpenFile } from 'millrace';
import { say } from '../../support/say.js';
import { makePool, type StationSettings } from './station.js';

/** What the child is to do. */
export interface ChildSettings extends StationSettings {
  /** Die before the file operation of this number, from 1. */
  killAt?: number;
  /**
   * Stop by itself once nothing is left to do ('idle'), once nothing is left to do but to deliver ('queued'), or first the
   * one, which is told, and then the other ('delivered'). Default: run until it is killed.
   */
  until?: 'idle' | 'queued' | 'delivered';
}

const settings = JSON.parse(process.argv[2] ?? '') as ChildSettings;
let operations = 0;

/** Counts an operation; at the chosen one its name is told and the process ends. */
function count(operation: string, ...paths: unknown[]): void {
  operations += 1;
  if (operations !== settings.killAt) return;
  const names = paths.filter(path => typeof path === 'string').map(path => path.replace(settings.root, ''));
  say(`killed ${operation} ${names.join(' ')}`);
  process.kill(process.pid, 'SIGKILL');
}

function counted<T extends object>(target: T, prefix: string, path?: string): T {
  return new Proxy(target, {
    get: (inner, name: string & keyof T) => {
      const method: unknown = Reflect.get(inner, name, inner);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        count(`${prefix}${name}`, path, ...args);
        const result: unknown = await Reflect.apply(method, inner, args);
        return name === 'open' ? counted(result as OpenFile, 'file.', String(args[0])) : result;
      };
    },
  });
}

const fs: FileSystem = settings.killAt === undefined ? nodeFileSystem : counted(nodeFileSystem, '');
const pool = makePool(settings, fs);
pool.on('error', ({ error }) => say(`error ${error.message}`));
pool.on('converting', ({ path }) => say(`converting ${path}`));
pool.on('completed', ({ path }) => say(`completed ${path}`));
await pool.start();
say('started');
if (settings.until === 'queued' || settings.until === 'delivered') await queued();
if (settings.until === 'delivered') say('queued');
if (settings.until === 'idle' || settings.until === 'delivered') await pool.idle();
if (settings.until !== undefined) {
  await pool.stop();
  say(`ended ${operations}`);
}

/** Resolves when a file has been converted and cleaned up as far as it can be without a server. */
async function queued(): Promise<void> {
  for (;;) {
    const { items } = await pool.items({ state: 'delivering' });
    if (items.some(({ cleanup }) => cleanup === null || cleanup === 'delete')) return;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
