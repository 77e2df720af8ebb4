/** The part of `@opentelemetry/api` that is used here, in its own shapes, so that our types do not depend on its. */

/** An instrument that is observed when metrics are collected. */
// biome-ignore lint/suspicious/noExplicitAny: the API's callbacks differ by instrument; none is used here.
export type TelemetryInstrument = { addCallback(callback: any): void };

/** Where values go when metrics are collected. */
export interface TelemetryResult {
  // biome-ignore lint/suspicious/noExplicitAny: the API's own type for an instrument is narrower than what it creates.
  observe(instrument: any, value: number, attributes?: Record<string, string>): void;
}

/** A `Meter`. */
export interface TelemetryMeter {
  createObservableGauge(name: string, options?: { description?: string; unit?: string }): TelemetryInstrument;
  createObservableCounter(name: string, options?: { description?: string; unit?: string }): TelemetryInstrument;
  createHistogram(
    name: string,
    options?: { unit?: string },
  ): { record(value: number, attributes?: Record<string, string>): void };
  // biome-ignore lint/suspicious/noExplicitAny: see TelemetryInstrument.
  addBatchObservableCallback(callback: (result: TelemetryResult) => Promise<void>, instruments: any[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: see TelemetryInstrument.
  removeBatchObservableCallback(callback: (result: TelemetryResult) => Promise<void>, instruments: any[]): void;
}

/** A `Span`. */
export interface TelemetrySpan {
  recordException(error: Error): void;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** A `Tracer`. */
export interface TelemetryTracer {
  startSpan(
    name: string,
    options?: { startTime?: number; attributes?: Record<string, string | number> },
  ): TelemetrySpan;
}
