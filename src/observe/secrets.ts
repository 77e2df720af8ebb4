/** Keeping secrets out of what is told: logs, `.error` files, health. What looks like a credential, or is known to be one, is hidden. */
import { MillraceError } from '../errors.js';
import type { LogFields, Logger, LogLevel } from './logger.js';

/** Takes a text and gives it back without secrets. */
export type Hide = (text: string) => string;

/** What stands in place of a secret. */
const HIDDEN = '[hidden]';

/** Shorter texts are words of any message; hiding them would make messages unreadable and protect nothing. */
const SHORTEST_SECRET = 4;
const SECRET_NAME = /authori[sz]ation|cookie|token|secret|api[-_]?key|passw(or)?d|passphrase|signature|credential/i;
/** How deep fields are looked into; what lies deeper is left out. */
const MAX_DEPTH = 6;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // The user and password of an address.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${HIDDEN}`],
  // token=…, "password":"…"; not "token: expired", which is a sentence.
  [
    /([\w-]*(?:token|secret|api[-_]?key|passw(?:or)?d|signature)[\w-]*["']?(?:=|\s*:\s*(?=["'])))(["']?)[^\s"'&;,}]{4,}/gi,
    `$1$2${HIDDEN}`,
  ],
];

/** Whether a header, a field or an argument of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Hides what looks like a credential. */
export const hidePatterns: Hide = text =>
  PATTERNS.reduce((result, [pattern, hidden]) => result.replace(pattern, hidden), text);

/** Hides these texts wherever they appear, those that are too short to be secrets left out. */
export function hideAll(secrets: Iterable<string>): Hide {
  // The longest first, or a part of a secret would be hidden and the rest of it shown.
  const sorted = [...new Set(secrets)]
    .filter(secret => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
  return text => sorted.reduce((result, secret) => result.replaceAll(secret, HIDDEN), text);
}

/** What a part knows to be secret; it may learn more while it runs. */
export class KnownSecrets {
  readonly #inner: Hide;
  readonly #secrets = new Set<string>();
  #hideKnown: Hide = text => text;

  /** @param inner Hides what somebody else knows. */
  constructor(inner: Hide) {
    this.#inner = inner;
  }

  /** Everything in `value` that stands under the name of a secret is one from now on. */
  learn(value: unknown): void {
    for (const secret of secretsIn(value)) this.#secrets.add(secret);
    this.#hideKnown = hideAll(this.#secrets);
  }

  /** A text without what is known to be secret, and without what looks like it. */
  readonly hide: Hide = text => hidePatterns(this.#hideKnown(this.#inner(text)));
}

/** The texts in `value` that stand under the name of a secret, such as the password among a converter's arguments. */
export function secretsIn(value: unknown, secret = false, depth = 0): string[] {
  if (typeof value === 'string') return secret ? [value] : [];
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([name, inner]) => secretsIn(inner, secret || isSecretName(name), depth + 1));
}

/** A logger that never writes a secret: neither in its message nor anywhere in its fields. */
export function redactingLogger(logger: Logger, hide: Hide): Logger {
  const write =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void => {
      if (logger.isLevelEnabled?.(level) === false) return;
      logger[level](withoutSecrets(fields, hide) as LogFields, hide(message));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    ...(logger.isLevelEnabled ? { isLevelEnabled: level => logger.isLevelEnabled?.(level) !== false } : {}),
  };
}

/** `value` without secrets: itself where it has none, else a copy. */
function withoutSecrets(value: unknown, hide: Hide, depth = 0): unknown {
  if (typeof value === 'string') return hide(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '[…]';
  if (value instanceof Error) return errorWithoutSecrets(value, hide, depth);
  if (Array.isArray(value)) {
    const copy = value.map(inner => withoutSecrets(inner, hide, depth + 1));
    return copy.every((inner, index) => inner === value[index]) ? value : copy;
  }
  // A date, a buffer or a host's own object is written as its class says.
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? fieldsWithoutSecrets(value, hide, depth) : value;
}

function fieldsWithoutSecrets(fields: object, hide: Hide, depth: number): object {
  const before = Object.entries(fields);
  const after = before.map(([name, inner]) => [
    name,
    isSecretName(name) && typeof inner === 'string' ? HIDDEN : withoutSecrets(inner, hide, depth + 1),
  ]);
  return after.every(([, inner], index) => inner === before[index]?.[1]) ? fields : Object.fromEntries(after);
}

/** The error itself where it has no secret, else one that looks the same: loggers print errors in ways of their own. */
export function errorWithoutSecrets(error: Error, hide: Hide, depth = 0): Error {
  if (depth > MAX_DEPTH) return new MillraceError('UNKNOWN', '[…]');
  const message = hide(error.message);
  const stack = error.stack === undefined ? undefined : hide(error.stack);
  const cause = withoutSecrets(error.cause, hide, depth + 1);
  const own = { ...error };
  const fields = fieldsWithoutSecrets(own, hide, depth);
  if (message === error.message && stack === error.stack && cause === error.cause && fields === own) return error;
  const copy = Object.create(Object.getPrototypeOf(error) as object) as Error;
  for (const [name, text] of Object.entries({ message, stack, cause })) {
    if (text !== undefined) Object.defineProperty(copy, name, { value: text, configurable: true, writable: true });
  }
  return Object.assign(copy, fields);
}
