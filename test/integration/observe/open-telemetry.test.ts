/** The real SDK of OpenTelemetry beside a pool. */
import { trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { exportToOpenTelemetry } from 'millrace';
import { afterAll, describe, expect, it } from 'vitest';
import { converter, Station } from '../pool/support.js';

const spans = new InMemorySpanExporter();
const traces = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
afterAll(async () => {
  await provider.shutdown();
  await traces.shutdown();
});

async function collect(): Promise<Map<string, { unit: string; points: { value: unknown; attributes: object }[] }>> {
  exporter.reset();
  await reader.forceFlush();
  const metrics = exporter.getMetrics().flatMap(one => one.scopeMetrics.flatMap(scope => scope.metrics));
  return new Map(
    metrics.map(({ descriptor, dataPoints }) => [descriptor.name, { unit: descriptor.unit, points: [...dataPoints] }]),
  );
}

describe('exportToOpenTelemetry', () => {
  it('gives metrics and spans to the SDK', async () => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [
        {
          converter: converter(async source => {
            if (source.name === 'bad.txt') throw new Error('not a result');
            return { text: await source.text() };
          }),
        },
      ],
    });
    const end = await exportToOpenTelemetry(pool, {
      meter: provider.getMeter('test'),
      tracer: traces.getTracer('test'),
    });
    await station.drop('watch/good.txt', 'x');
    await station.drop('watch/bad.txt', 'y');
    await pool.idle();

    const metrics = await collect();
    const value = (name: string, attributes: object = {}) =>
      metrics.get(name)?.points.find(point => expect.objectContaining(attributes).asymmetricMatch(point.attributes))
        ?.value;
    expect(value('millrace.files', { state: 'completed' })).toBe(1);
    expect(value('millrace.file_outcomes', { outcome: 'failed' })).toBe(1);
    expect(value('millrace.reports_delivered')).toBe(1);
    expect(metrics.get('millrace.pending_oldest_age')?.unit).toBe('s');
    expect(metrics.get('millrace.resident_memory')?.unit).toBe('By');
    expect(value('millrace.conversion_duration', { converter: 'text' })).toMatchObject({ count: 1 });
    expect(value('millrace.submit_duration')).toMatchObject({ count: 1 });

    const done = spans.getFinishedSpans();
    const named = (name: string) => done.filter(span => span.name === name);
    expect(
      named('millrace.convert')
        .map(span => span.status.code)
        .sort(),
    ).toEqual([0, 2]);
    const [submit] = named('millrace.submit');
    const convert = named('millrace.convert').find(span => span.status.code === 0);
    expect(submit?.attributes['millrace.correlation_id']).toBe(convert?.attributes['millrace.correlation_id']);

    end();
    await station.drop('watch/later.txt', 'z');
    await pool.idle();
    // The SDK goes on telling what it was told last.
    const after = (await collect()).get('millrace.reports_delivered');
    expect(after?.points.map(point => point.value)).toEqual([1]);
    expect(spans.getFinishedSpans()).toHaveLength(done.length);
  });

  it("uses the host's own API where it is given no meter and tracer", async () => {
    trace.setGlobalTracerProvider(traces);
    spans.reset();
    const station = await Station.open();
    const pool = await station.start();
    const end = await exportToOpenTelemetry(pool);
    await station.drop('watch/1.txt', 'x');
    await pool.idle();
    end();
    trace.disable();
    expect(
      spans
        .getFinishedSpans()
        .map(span => span.name)
        .sort(),
    ).toEqual(['millrace.convert', 'millrace.submit']);
  });
});
