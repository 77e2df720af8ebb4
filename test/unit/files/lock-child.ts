/** A process that takes a lock and says so: `lock-child.js <path> <fail|wait> [stay]`. */
import { systemClock } from '../../../src/clock.js';
import { lockDirectory } from '../../../src/files/directory-lock.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { silentLogger } from '../../../src/observe/logger.js';

const [path = '', onLocked, stay] = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  const lock = await lockDirectory(path, {
    fs: nodeFileSystem,
    clock: systemClock,
    logger: silentLogger,
    onLocked: onLocked === 'wait' ? 'wait' : 'fail',
    onLost: () => say('lost'),
  });
  say('locked');
  if (stay) setInterval(() => undefined, 1_000);
  else await lock.release();
} catch (error) {
  say((error as { code?: string }).code ?? 'unknown');
}
