/** A converter with everything: it validates, has hooks, streams, and notes what happens to it in a file of its arguments. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { ConverterBase } from 'millrace';

export class Careful extends ConverterBase {
  name = 'careful';
  supportedExtensions = ['.txt', '.big'];

  note(line) {
    appendFileSync(this.arguments.notes, `${line}\n`);
  }

  initialize() {
    if (this.arguments.broken) throw new Error('no licence');
    this.note('initialize');
  }

  dispose() {
    this.note('dispose');
  }

  async validate(source, { attempt }) {
    if (source.name.endsWith('.big')) return { canConvert: true, confidence: 0.9 };
    const text = await source.text();
    if (text.includes('die')) process.exit(1);
    return { canConvert: text.includes('yes'), confidence: 0.4, message: `attempt ${attempt}` };
  }

  async convert(source, { signal }) {
    if (source.name.endsWith('.big')) {
      let lines = 0;
      for await (const line of source.lines()) lines += line === '' ? 0 : 1;
      return { lines, sha256: await source.sha256() };
    }
    const text = await source.text();
    if (text.includes('wait')) {
      await sleep(600_000, undefined, { signal }).catch(error => {
        this.note(`aborted: ${signal.reason.code} ${error.name}`);
        throw error;
      });
    }
    if (text.includes('fail')) throw new Error('failed');
    return { text, thread: threadId };
  }

  async onSuccess(source, result, context) {
    this.note(
      `onSuccess ${source.name} ${await source.text()} ${result.status} ${result.reports.length} ${context.attempt}`,
    );
    if (this.arguments.throwing) throw new Error('hook');
  }

  onFailure(source, result) {
    this.note(`onFailure ${source.name} ${result.status} ${result.error?.message ?? result.reason}`);
  }
}

export const version = 'an export that is no converter';
