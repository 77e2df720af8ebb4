/** Submits WSJF reports to a WATS server: its routes, its token, its answers, and an id that makes resubmission safe. */
import { validate as isUuid, v5 as uuidV5 } from 'uuid';
import type { Clock } from '../clock.js';
import { ConfigError, SubmitError } from '../errors.js';
import { reportId } from './answer.js';
import { HttpSubmitter } from './http-submitter.js';
import type { SubmitContext, SubmitResult, Submitter } from './submitter.js';

/** Options of {@link WatsSubmitter}. */
export interface WatsSubmitterOptions {
  /** The server's address. A `/` or `/api` at its end is cut. */
  baseUrl: string | URL;
  /** The token as WATS shows it: it is already base64 of `user:password` and is sent as it is. */
  token: string;
  /** How long a request may take until the whole answer is there, in ms. Default 30,000. */
  timeoutMs?: number;
  /** Compress request bodies. Default false. */
  gzip?: boolean;
  /** Time and timers. Default: the machine's. */
  clock?: Clock;
}

/** The misc info that names the report whose place one takes. */
const SUPERSEDES = 'Supersedes report';
/** Makes a report id from an idempotency key that is no UUID. Never changed: ids must stay the same between versions. */
const REPORT_NAMESPACE = '6f1d2f0a-6b0e-5c56-9d7c-0e3a5b0c9a11';

/**
 * Posts WSJF reports to `{baseUrl}/api/Report/WSJF`.
 *
 * A report without an `id` gets one made from the idempotency key, so that the server overwrites it when it is sent again.
 * One that takes the place of an earlier report names that one's id in a misc info, `Supersedes report`.
 * A 200 that does not look like a WATS answer (a proxy's or hotel's login page) does not count as accepted.
 */
export class WatsSubmitter implements Submitter {
  readonly #http: HttpSubmitter;

  constructor({ baseUrl, token, ...rest }: WatsSubmitterOptions) {
    if (!token) throw new ConfigError([{ path: 'token', message: 'must be the token that WATS shows' }]);
    const base = String(baseUrl)
      .replace(/\/+$/, '')
      .replace(/\/api$/i, '')
      .replace(/\/+$/, '');
    this.#http = new HttpSubmitter({
      ...rest,
      url: `${base}/api/Report/WSJF`,
      probeUrl: `${base}/api/App/Version`,
      headers: { authorization: `Basic ${token}` },
    });
  }

  get clockSkewMs(): number | undefined {
    return this.#http.clockSkewMs;
  }

  hideSecrets(text: string): string {
    return this.#http.hideSecrets(text);
  }

  async submit(report: unknown, context: SubmitContext): Promise<SubmitResult> {
    const marked = withSuperseded(withId(report, context.idempotencyKey), context.supersedes);
    const { response } = await this.#http.submit(marked, context);
    const id = typeof response === 'string' && isUuid(response) ? response : reportId(response);
    if (id === undefined) {
      throw new SubmitError('The server answered 200, but not as a WATS server does: the report may not have arrived', {
        kind: 'transient',
        hints: ['Check baseUrl and whether a proxy or login page answers in place of the server.'],
      });
    }
    return { id, response };
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#http.probe(signal);
  }
}

function withId(report: unknown, idempotencyKey: string): unknown {
  if (typeof report !== 'object' || report === null || Array.isArray(report)) return report;
  const { id } = report as { id?: unknown };
  if (typeof id === 'string' && id !== '') return report;
  return { ...report, id: idFrom(idempotencyKey) };
}

function idFrom(idempotencyKey: string): string {
  return isUuid(idempotencyKey) ? idempotencyKey : uuidV5(idempotencyKey, REPORT_NAMESPACE);
}

/** WATS has no field for it, and what it does not know it may refuse; a misc info it shows. */
function withSuperseded(report: unknown, supersedes: string | undefined): unknown {
  if (supersedes === undefined || typeof report !== 'object' || report === null || Array.isArray(report)) return report;
  const { miscInfos } = report as { miscInfos?: unknown };
  const before = Array.isArray(miscInfos) ? miscInfos : [];
  return { ...report, miscInfos: [...before, { description: SUPERSEDES, text: idFrom(supersedes) }] };
}
