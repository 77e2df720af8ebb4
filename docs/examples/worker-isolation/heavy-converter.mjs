/** A converter that computes, and that has faults. It runs in threads of its own: see main.mjs. */
import { threadId } from 'node:worker_threads';
import { ConverterBase } from 'millrace';

export class HeavyConverter extends ConverterBase {
  name = 'heavy';
  supportedExtensions = ['.csv'];

  async convert(source, { logger, progress }) {
    const samples = (await source.text()).trim().split(',').map(Number);
    // A file without numbers makes it go round for ever.
    while (Number.isNaN(samples[0]));
    // A value that no tester writes makes it use up its memory.
    if (samples[0] === 9_999) for (const kept = []; ; ) kept.push(new Array(100_000).fill(kept.length));

    let power = 0;
    for (let round = 1; round <= 4; round++) {
      for (let step = 0; step < 5_000_000; step++) power += samples[step % samples.length] ** 2;
      progress(round / 4, 'power');
    }
    logger.info({ file: source.name, threadId }, 'computed');
    return { name: source.name, rms: Math.sqrt(power / 20_000_000), inHost: threadId === 0 };
  }
}
