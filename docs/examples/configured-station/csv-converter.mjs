/** A converter as a configuration file names it: a module with one class. Its settings come from the file. */
import { ConverterBase } from 'millrace';

export default class CsvConverter extends ConverterBase {
  name = 'csv'; // The configuration may give it another one.
  supportedExtensions = ['.csv'];

  async convert(source, context) {
    const [sn, result] = (await source.text()).trim().split(context.arguments.delimiter);
    return { sn, result };
  }
}
