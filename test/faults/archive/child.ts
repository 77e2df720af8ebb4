/**
 * A process that archives until it is killed, and prints what was acknowledged. It kills itself right before or after its
 * file operation number `killAt`; 0 leaves that to its parent.
 */
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { type FileSystem, nodeFileSystem, type OpenFile } from '../../../src/files/file-system.js';
import { say } from '../../support/say.js';
import { archiveOne } from './work.js';

const [directory = '', from = '0', count = '0', killAt = '0', atOnce = '1'] = process.argv.slice(2);
let points = 0;

function point(): void {
  if (++points === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

function killing<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (_, name) => {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        point();
        const result: unknown = await Reflect.apply(method, target, args);
        point();
        return name === 'open' ? killing(result as OpenFile) : result;
      };
    },
  });
}

const archive = new ArchiveStorage({ directory, fs: killing<FileSystem>(nodeFileSystem) });
await archive.open();
const end = Number(from) + Number(count);
let next = Number(from);
const work = async (): Promise<void> => {
  while (next < end) await archiveOne(archive, next++, ack => say(JSON.stringify(ack)));
};
await Promise.all(Array.from({ length: Number(atOnce) }, work));
await archive.close();
say(`"points ${points}"`);
