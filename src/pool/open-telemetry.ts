/** A pool's metrics and traces for OpenTelemetry, through the optional peer `@opentelemetry/api`. */
import { MillraceError } from '../errors.js';
import type { MetricFamily } from '../observe/metric-family.js';
import type { AsyncConverterPool } from './async-converter-pool.js';
import { metricFamilies } from './metric-families.js';
import type { FileEvent, PoolEvents } from './pool-events.js';
import type {
  TelemetryInstrument,
  TelemetryMeter,
  TelemetryResult,
  TelemetrySpan,
  TelemetryTracer,
} from './telemetry.js';

/** Options of {@link exportToOpenTelemetry}. */
export interface OpenTelemetryOptions {
  /** Default: `metrics.getMeter('millrace')` of `@opentelemetry/api`. */
  meter?: TelemetryMeter;
  /** Default: `trace.getTracer('millrace')` of `@opentelemetry/api`. */
  tracer?: TelemetryTracer;
}

/** `SpanStatusCode.ERROR` of `@opentelemetry/api`. */
const STATUS_ERROR = 2;
const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1' };

/**
 * Gives a pool's metrics to OpenTelemetry, and a span for each conversion and each accepted report, with the correlation
 * id as an attribute. Metrics are taken when they are collected; the durations of conversions and requests are recorded
 * as they come.
 *
 * @returns What ends it.
 * @throws MillraceError `CONFIG_INVALID` when neither a meter and a tracer nor `@opentelemetry/api` is there.
 */
export async function exportToOpenTelemetry(
  pool: AsyncConverterPool,
  options: OpenTelemetryOptions = {},
): Promise<() => void> {
  const meter = options.meter ?? (await peer()).metrics.getMeter('millrace');
  const tracer = options.tracer ?? (await peer()).trace.getTracer('millrace');
  const endMetrics = await exportMetrics(pool, meter);
  const endSpans = exportSpans(pool, tracer);
  return () => {
    endMetrics();
    endSpans();
  };
}

async function exportMetrics(pool: AsyncConverterPool, meter: TelemetryMeter): Promise<() => void> {
  const instruments = new Map<string, TelemetryInstrument>();
  for (const family of metricFamilies(await pool.metrics())) {
    if (family.type === 'histogram') continue;
    const create = family.type === 'counter' ? meter.createObservableCounter : meter.createObservableGauge;
    const { name, ...rest } = named(family);
    instruments.set(family.name, create.call(meter, name, rest));
  }
  const observe = async (result: TelemetryResult): Promise<void> => {
    for (const family of metricFamilies(await pool.metrics())) {
      const instrument = instruments.get(family.name);
      if (family.type === 'histogram' || !instrument) continue;
      for (const { value, labels = {} } of family.samples) result.observe(instrument, value, labels);
    }
  };
  meter.addBatchObservableCallback(observe, [...instruments.values()]);
  const seconds = { unit: 's' };
  const conversions = meter.createHistogram('millrace.conversion_duration', seconds);
  const requests = meter.createHistogram('millrace.submit_duration', seconds);
  const offPool = listen(pool, {
    converted: ({ durationMs, converter }) => conversions.record(durationMs / 1000, { converter }),
  });
  const submitted = ({ durationMs }: { durationMs: number }): void => requests.record(durationMs / 1000);
  pool.pending.on('submitted', submitted);
  return () => {
    meter.removeBatchObservableCallback(observe, [...instruments.values()]);
    offPool();
    pool.pending.off('submitted', submitted);
  };
}

function exportSpans(pool: AsyncConverterPool, tracer: TelemetryTracer): () => void {
  // As many as are converted at once: a span that begins when a file is found would be held for the whole backlog.
  const open = new Map<string, TelemetrySpan>();
  const end = ({ correlationId }: FileEvent, error?: Error): void => {
    const span = open.get(correlationId);
    if (error) {
      span?.recordException(error);
      span?.setStatus({ code: STATUS_ERROR, message: error.message });
    }
    span?.end();
    open.delete(correlationId);
  };
  const offPool = listen(pool, {
    converting: ({ path, converter, correlationId, attempt }) => {
      const attributes = { 'code.file.path': path, 'millrace.converter': converter, 'millrace.attempt': attempt };
      const span = tracer.startSpan('millrace.convert', {
        attributes: { ...attributes, ...correlated(correlationId) },
      });
      open.set(correlationId, span);
    },
    converted: event => end(event),
    skipped: event => end(event),
    suspended: event => end(event),
    retrying: event => end(event, new MillraceError('CONVERTER_FAILED', event.reason)),
    failed: event => end(event, event.error),
  });
  const submitted = (event: { durationMs: number; correlationId: string; id: string; attempts: number }): void => {
    const startTime = Date.now() - event.durationMs;
    const attributes = { 'millrace.report': event.id, 'millrace.attempt': event.attempts + 1 };
    const span = tracer.startSpan('millrace.submit', {
      startTime,
      attributes: { ...attributes, ...correlated(event.correlationId) },
    });
    span.end();
  };
  pool.pending.on('submitted', submitted);
  return () => {
    offPool();
    pool.pending.off('submitted', submitted);
    for (const span of open.values()) span.end();
  };
}

function correlated(id: string): Record<string, string> {
  return { 'millrace.correlation_id': id };
}

/** `millrace_pending_oldest_age_seconds` is `millrace.pending_oldest_age` in `s`. */
function named({ name, help }: MetricFamily): { name: string; description: string; unit?: string } {
  const [, base = name, unit] = /^(.+?)(?:_(seconds|bytes|ratio))?(?:_total)?$/.exec(name) ?? [];
  const known = unit === undefined ? undefined : UNITS[unit];
  return { name: base.replace('_', '.'), description: help, ...(known === undefined ? {} : { unit: known }) };
}

async function peer(): Promise<typeof import('@opentelemetry/api')> {
  try {
    return await import('@opentelemetry/api');
  } catch (thrown) {
    throw new MillraceError('CONFIG_INVALID', '@opentelemetry/api is not installed', {
      cause: thrown,
      hints: ['npm install @opentelemetry/api, or give a meter and a tracer.'],
    });
  }
}

type Listeners = { [K in keyof PoolEvents]?: (payload: PoolEvents[K]) => void };

function listen(pool: AsyncConverterPool, listeners: Listeners): () => void {
  const all = Object.entries(listeners) as [keyof PoolEvents, never][];
  for (const [event, listener] of all) pool.on(event, listener);
  return () => {
    for (const [event, listener] of all) pool.off(event, listener);
  };
}
