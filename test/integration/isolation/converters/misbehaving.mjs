/** A converter that does what its file says: the first word of the content is the deed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { ConverterBase, ConverterResult, FileFormatError } from 'millrace';

const kept = [];
let armed = false;

export default class Misbehaving extends ConverterBase {
  name = 'misbehaving';
  version = '2.1.0';
  priority = 7;
  supportedExtensions = ['.txt'];
  filePatterns = ['logs/*.log'];

  async convert(source, context) {
    const text = await source.text();
    const [deed, word] = text.split(' ');
    if (armed) {
      // What the file before this one has left behind.
      void Promise.reject(new Error('late'));
      await sleep(600_000);
    }
    const report = { name: source.name, word, thread: threadId, pid: process.pid };
    switch (deed) {
      case 'loop':
        for (;;);
      case 'hang':
        await sleep(600_000, undefined, { signal: context.signal });
        return report;
      case 'exit':
        process.exit(3);
        return report;
      case 'reject':
        void Promise.reject(new Error('nobody waits for this'));
        await sleep(600_000);
        return report;
      case 'arm':
        armed = true;
        return report;
      case 'late':
        setTimeout(() => process.exit(1), 1);
        return report;
      case 'uncaught':
        setTimeout(() => {
          throw new Error('thrown by a timer');
        });
        await sleep(600_000);
        return report;
      case 'leak':
        for (;;) kept.push(new Array(100_000).fill(kept.length));
      case 'abort':
        process.abort();
        return report;
      case 'segfault':
        process.kill(process.pid, 'SIGSEGV');
        await sleep(600_000);
        return report;
      case 'format':
        throw new FileFormatError('line 3: a number was expected', { cause: new TypeError('NaN') });
      case 'throw':
        throw Object.assign(new RangeError('out of range'), { code: 'E_RANGE', line: 3 });
      case 'text':
        return 'no report';
      case 'circle':
        report.self = report;
        return report;
      case 'none':
        return [];
      case 'two':
        return [report, { ...report, second: true }];
      case 'rich':
        return ConverterResult.success(
          { ...report, when: new Date(0), by: { toJSON: () => 'its JSON' }, skip: () => undefined },
          { warnings: ['no operator'], metadata: { format: 3 }, postProcess: 'delete' },
        );
      case 'skip':
        return ConverterResult.skipped('a calibration run');
      case 'refuse':
        return context.reject('this is a spectrum');
      case 'later':
        return context.attempt === 1 ? context.suspend('wait', { retryAfterMs: 5 }) : report;
      case 'context': {
        const { signal, logger, progress, suspend, reject, ...facts } = context;
        return { ...report, facts, aborted: signal.aborted, sha256: await source.sha256(), size: source.size };
      }
      case 'log':
        context.logger.info({ word, err: new Error('logged'), odd: () => 1 }, 'half way');
        context.progress(0.5, 'half way');
        return report;
      default:
        return report;
    }
  }
}
