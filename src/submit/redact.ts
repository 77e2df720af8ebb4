/** Keeping secrets out of messages and logs: what was given as a credential never appears in one. */

import { type Hide, hideAll, isSecretName } from '../observe/secrets.js';

/** Hides the credentials of one request in any text. */
export class Redactor {
  /** The text without the secrets. */
  readonly hide: Hide;

  /** @param headers Every header that is sent. @param url The URL as the user gave it. */
  constructor(headers: Iterable<readonly [string, string]>, url: URL) {
    const secrets = new Set<string>();
    const add = (text: string) => void secrets.add(text);
    for (const [name, value] of headers) {
      if (!isSecretName(name)) continue;
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
    this.hide = hideAll(secrets);
  }
}

/** A URL for people: without user, password and query, any of which may carry a token. */
export function withoutSecrets(url: URL): string {
  return `${url.origin}${url.pathname}${url.search ? '?…' : ''}`;
}
