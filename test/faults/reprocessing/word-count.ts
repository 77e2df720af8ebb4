/** A converter whose conversions succeed, fail and are skipped. */
import { ConverterBase } from '../../../src/converters/converter-base.js';
import { ConverterResult } from '../../../src/converters/converter-result.js';
import type { ConverterSource } from '../../../src/converters/source.js';

export class WordCount extends ConverterBase {
  readonly name = 'words';
  readonly supportedExtensions = ['.txt'];

  async convert(source: ConverterSource) {
    const text = await source.text();
    if (text.startsWith('bad')) throw new Error(`${text} is bad`);
    if (text.startsWith('empty')) return ConverterResult.skipped('it is empty');
    return { name: source.name, words: text.split(' ').length };
  }
}
