/** Names that are never test data: hidden files, what other programs write while they are not done, and our own. */

const UNFINISHED = /\.(tmp|temp|part|partial|crdownload|filepart|swp)$/i;
const OUR_SIDECARS = /\.(error|queued|processing)$/i;

/** Why a file of this name is never taken, in words that complete "it is …"; `undefined` when it may be data. */
export function neverData(name: string): string | undefined {
  if (name.startsWith('.')) return 'a hidden file';
  if (name.startsWith('~$')) return 'the lock file of an office program';
  if (UNFINISHED.test(name)) return 'a file that another program has not finished';
  if (OUR_SIDECARS.test(name)) return "one of millrace's own sidecar files";
  return undefined;
}

/** Whether another program writes a file of this name and will rename it when it is done. */
export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name) || name.startsWith('~$');
}
