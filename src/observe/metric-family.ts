/** Metrics in a form that every exporter can be made from. */
import type { HistogramSnapshot } from './histogram.js';

/** One value with its labels. */
export interface MetricSample {
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** One distribution with its labels. */
interface HistogramSample {
  labels?: Readonly<Record<string, string>>;
  histogram: HistogramSnapshot;
}

/** Everything under one name. Units are base units, seconds and bytes, and stand in the name. */
export type MetricFamily =
  | { name: string; help: string; type: 'gauge' | 'counter'; samples: readonly MetricSample[] }
  | { name: string; help: string; type: 'histogram'; samples: readonly HistogramSample[] };
