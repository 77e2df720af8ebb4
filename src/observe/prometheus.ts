/** The Prometheus text format, version 0.0.4: what `/metrics` answers with. */
import type { MetricFamily } from './metric-family.js';

/** The `Content-Type` of the format. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

/** Writes metrics as text. Families without a value are left out. */
export function formatPrometheus(families: readonly MetricFamily[]): string {
  return families
    .filter(family => family.samples.length > 0)
    .map(formatFamily)
    .join('');
}

function formatFamily(family: MetricFamily): string {
  const { name, help, type } = family;
  const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  if (family.type === 'histogram') {
    for (const { labels = {}, histogram } of family.samples) {
      const { buckets, count, sum } = histogram;
      for (const { le, count: below } of buckets) lines.push(line(`${name}_bucket`, { ...labels, le: `${le}` }, below));
      lines.push(line(`${name}_bucket`, { ...labels, le: '+Inf' }, count));
      lines.push(line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count));
    }
  } else {
    for (const { labels = {}, value } of family.samples) lines.push(line(name, labels, value));
  }
  return `${lines.join('\n')}\n`;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${formatNumber(value)}`;
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
