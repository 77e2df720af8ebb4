/** A file as a unit by itself. */
import { FileSource } from '../../converters/file-source.js';
import { lookAtFile } from '../../discovery/look.js';
import type { UnitKind } from './unit-kind.js';

export const singleFile: UnitKind = {
  deep: false,
  of: path => path,
  refuses: () => undefined,
  companions: () => [],
  accompanied: () => [],
  look: lookAtFile,
  read: (fs, { path, location, copyTo, seen }) => FileSource.read({ fs, path: location, knownAs: path, copyTo, seen }),
};
