/** Where blobs lie: `sources/{yyyy}/{MM}/{dd}/{archiveId}.csv.gz` and `reports/{yyyy}/{MM}/{dd}/{archiveId}.json.gz`. */
import { extname } from 'node:path';

/** The ending of a blob that holds several files. */
export const SET_ENDING = '.set';
/** In place of a blob, where another one has the same content: which one, and what the header would say. */
export const REFERENCE_ENDING = '.ref';

/** The ending of a source's name, where it is a plain one; it names the blob. */
export function endingOf(name: string): string {
  const ending = extname(name);
  return /^\.[A-Za-z0-9_-]{1,16}$/.test(ending) ? ending : '';
}

/** Relative to the archive's folder, with `/`. */
export function sourcePath(id: string, ending: string): string {
  return `sources/${dayOf(id)}/${id}${ending}.gz`;
}

export function referencePath(id: string): string {
  return `sources/${dayOf(id)}/${id}${REFERENCE_ENDING}`;
}

/** @param position 0 for the first report of a source. */
export function reportPath(id: string, position: number): string {
  return `reports/${dayOf(id)}/${id}${position === 0 ? '' : `_${position}`}.json.gz`;
}

/** The folder of a day. @param id The archive id, which begins with it. */
function dayOf(id: string): string {
  return `${id.slice(0, 4)}/${id.slice(4, 6)}/${id.slice(6, 8)}`;
}
