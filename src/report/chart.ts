/** Charts from numbers. */
import { FileFormatError } from '../errors.js';
import { fromNumber } from './number-words.js';
import type { ChartType, WsjfChart } from './wsjf-step.js';

/** A chart of one or more lines. */
export interface ChartOptions {
  label: string;
  /** Default `Line`. */
  chartType?: ChartType;
  xLabel?: string;
  xUnit?: string;
  yLabel?: string;
  yUnit?: string;
  /** Each with as many `x` as `y`. */
  series: readonly { name: string; x: readonly number[]; y: readonly number[] }[];
}

/**
 * The chart as a report holds it.
 * @throws FileFormatError when a series has more of one coordinate than of the other.
 */
export function toChart({ series, chartType = 'Line', label, ...scales }: ChartOptions): WsjfChart {
  return {
    chartType,
    label,
    ...scales,
    series: series.map(({ name, x, y }) => {
      if (x.length !== y.length) {
        throw new FileFormatError(`Series '${name}' of chart '${label}' has ${x.length} x and ${y.length} y`);
      }
      return { dataType: 'XYG', name, xdata: joined(x), ydata: joined(y) };
    }),
  };
}

function joined(numbers: readonly number[]): string {
  return numbers.map(fromNumber).join(';');
}
