/** Errors as the system would give them, where we find out ourselves. */

/** An error with a system code, for callers that ask for nothing else. */
export function systemError(code: 'ENOENT' | 'EEXIST', path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}
