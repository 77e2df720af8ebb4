/** Which errors of a converter may pass by themselves, so that trying again makes sense. */
import { FileFormatError, systemCode } from '../errors.js';

/** The network or the file system had a bad moment. Everything else comes from the file or the code and would come again. */
const TRANSIENT_CODES = new Set([
  'EAGAIN',
  'EBUSY',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ETXTBSY',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTCONN',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** Follows `cause`. An error may say it itself, with `transient: true` or `false`. */
export function isTransient(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    if (error instanceof FileFormatError) return false;
    const said = (error as { transient?: unknown }).transient;
    if (typeof said === 'boolean') return said;
    if (TRANSIENT_CODES.has(systemCode(error) ?? '')) return true;
  }
  return false;
}
