/** Keeping secrets out of messages and logs: what was given as a credential never appears in one. */

const HIDDEN = '[hidden]';
const SECRET_HEADER = /^(authorization|proxy-authorization|cookie|.*(token|secret|api-?key|password|signature).*)$/i;
/** Shorter texts are words of any message; hiding them would make messages unreadable and protect nothing. */
const SHORTEST_SECRET = 4;

/** Hides the credentials of one request in any text. */
export class Redactor {
  readonly #secrets: readonly string[];

  /** @param headers Every header that is sent. @param url The URL as the user gave it. */
  constructor(headers: Iterable<readonly [string, string]>, url: URL) {
    const secrets = new Set<string>();
    const add = (text: string) => {
      if (text.length >= SHORTEST_SECRET) secrets.add(text);
    };
    for (const [name, value] of headers) {
      if (!SECRET_HEADER.test(name)) continue;
      add(value);
      const [, credential] = value.split(/\s+/, 2);
      if (credential) add(credential);
      for (const part of value.split(/[;,]/)) add(part.slice(part.indexOf('=') + 1).trim());
    }
    for (const [, value] of url.searchParams) {
      add(value);
      add(encodeURIComponent(value));
    }
    for (const part of [url.password, decodeURIComponent(url.password)]) add(part);
    // The longest first, or a part of a secret would be hidden and the rest of it shown.
    this.#secrets = [...secrets].sort((a, b) => b.length - a.length);
  }

  /** The text without the secrets. */
  hide(text: string): string {
    return this.#secrets.reduce((result, secret) => result.replaceAll(secret, HIDDEN), text);
  }
}

/** A URL for people: without user, password and query, any of which may carry a token. */
export function withoutSecrets(url: URL): string {
  return `${url.origin}${url.pathname}${url.search ? '?…' : ''}`;
}
