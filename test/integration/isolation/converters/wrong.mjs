/** Converters that cannot run in workers, each in its way. */
import { ConverterBase, FolderConverter } from 'millrace';

class Base extends ConverterBase {
  name = 'wrong';
  supportedExtensions = ['.txt'];
  convert() {
    return {};
  }
}
export class Refusing extends Base {
  constructor() {
    super();
    throw new Error('not on a Sunday');
  }
}
export class Matching extends Base {
  matchesFile() {
    return true;
  }
}
export class Folders extends FolderConverter {
  name = 'folders';
  convert() {
    return {};
  }
}
export const number = 1;
