/** The part of `@opentelemetry/api` that is used here, in its own shapes, so that our types do not depend on its. */

/** An instrument that is observed when metrics are collected. */
export type TelemetryInstrument = {
  /** Not used here; it tells such an instrument from others. */
  // biome-ignore lint/suspicious/noExplicitAny: the API's callbacks differ by instrument.
  addCallback(callback: any): void;
};

/** Where values go when metrics are collected. */
export interface TelemetryResult {
  /** The value of an instrument now. */
  // biome-ignore lint/suspicious/noExplicitAny: the API's own type for an instrument is narrower than what it creates.
  observe(instrument: any, value: number, attributes?: Record<string, string>): void;
}

/** A `Meter`. */
export interface TelemetryMeter {
  /** A value that goes up and down. */
  createObservableGauge(name: string, options?: { description?: string; unit?: string }): TelemetryInstrument;
  /** A value that only goes up. */
  createObservableCounter(name: string, options?: { description?: string; unit?: string }): TelemetryInstrument;
  /** A distribution of values. */
  createHistogram(name: string, options?: { unit?: string }): TelemetryHistogram;
  /** Calls back when metrics are collected. */
  // biome-ignore lint/suspicious/noExplicitAny: see TelemetryResult.
  addBatchObservableCallback(callback: (result: TelemetryResult) => Promise<void>, instruments: any[]): void;
  /** Ends that. */
  // biome-ignore lint/suspicious/noExplicitAny: see TelemetryResult.
  removeBatchObservableCallback(callback: (result: TelemetryResult) => Promise<void>, instruments: any[]): void;
}

/** A `Histogram`. */
export interface TelemetryHistogram {
  /** One more value. */
  record(value: number, attributes?: Record<string, string>): void;
}

/** A `Span`. */
export interface TelemetrySpan {
  /** Notes an error. */
  recordException(error: Error): void;
  /** Says how it ended. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it now. */
  end(): void;
}

/** A `Tracer`. */
export interface TelemetryTracer {
  /** Begins a span. @param options `startTime` in epoch ms, where it was not now. */
  startSpan(
    name: string,
    options?: { startTime?: number; attributes?: Record<string, string | number> },
  ): TelemetrySpan;
}
