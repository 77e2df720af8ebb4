/** A strict reader of the Prometheus text format 0.0.4: what a server would refuse or misread is an error here. */

/** One line with a value. */
interface Series {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** Everything under one `# TYPE`. */
export interface ParsedFamily {
  help: string;
  type: string;
  series: Series[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)$`);

/** @throws when a line, a name, a label or a histogram is not as the format wants it. */
export function parsePrometheus(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line must end in a line feed');
  const families = new Map<string, ParsedFamily>();
  let help: { name: string; text: string } | undefined;
  let current: { name: string; family: ParsedFamily } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helpName, helpText] = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line) ?? [];
    const [, typeName, type] = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line) ?? [];
    if (helpName && helpText) {
      help = { name: helpName, text: helpText };
    } else if (typeName && type) {
      if (help?.name !== typeName || families.has(typeName)) throw new Error(`no HELP, or a second TYPE: ${line}`);
      current = { name: typeName, family: { help: help.text, type, series: [] } };
      families.set(typeName, current.family);
    } else {
      current?.family.series.push(parseSeries(line, current));
      if (!current) throw new Error(`a value before its TYPE: ${line}`);
    }
  }
  for (const [name, family] of families) check(name, family);
  return families;
}

function parseSeries(line: string, { name, family }: { name: string; family: ParsedFamily }): Series {
  const [, series, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  const endings = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (!series || !endings.some(ending => series === `${name}${ending}`)) throw new Error(`not of ${name}: ${line}`);
  return { name: series, labels: parseLabels(labels, line), value: Number(value.replace('Inf', 'Infinity')) };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ''; ) {
    const [whole, name, value] = LABEL.exec(rest) ?? [];
    if (!whole || !name || value === undefined || Object.hasOwn(labels, name)) throw new Error(`labels: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function check(name: string, { type, series }: ParsedFamily): void {
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`the counter ${name} does not end in _total`);
  const keys = series.map(one => JSON.stringify([one.name, Object.entries(one.labels).sort()]));
  if (new Set(keys).size !== keys.length) throw new Error(`a series of ${name} comes twice`);
  if (type === 'counter' && series.some(one => !(one.value >= 0))) throw new Error(`${name} is negative`);
  if (type !== 'histogram') return;
  let last: Series | undefined;
  for (const one of series) {
    if (one.name === `${name}_bucket`) {
      const before = last?.name === one.name ? last : undefined;
      if (before && (one.value < before.value || bound(one) <= bound(before)))
        throw new Error(`the buckets of ${name} do not rise`);
      last = one;
    } else if (one.name === `${name}_sum`) {
      if (last?.labels.le !== '+Inf') throw new Error(`the last bucket of ${name} is not +Inf`);
    } else if (one.value !== last?.value) throw new Error(`the count of ${name} is not its last bucket's`);
    else last = undefined;
  }
}

function bound({ labels }: Series): number {
  return labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
}
