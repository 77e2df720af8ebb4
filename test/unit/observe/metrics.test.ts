import { describe, expect, it } from 'vitest';
import { EventLoopMeter } from '../../../src/observe/event-loop.js';
import { Histogram } from '../../../src/observe/histogram.js';
import { formatPrometheus } from '../../../src/observe/prometheus.js';
import { Recent } from '../../../src/observe/recent.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { parsePrometheus } from '../../integration/observe/parse-prometheus.js';

describe('the Prometheus format', () => {
  it('is read back by a strict reader, whatever is in the labels', () => {
    const folder = 'D:\\ict "A"\nline 2';
    const histogram = new Histogram();
    for (const ms of [4, 60, 60, 1_000_000]) histogram.record(ms);
    const text = formatPrometheus([
      {
        name: 'a_total',
        help: 'With a \\ and a\nline.',
        type: 'counter',
        samples: [{ value: 12, labels: { folder } }],
      },
      {
        name: 'b',
        help: 'Odd.',
        type: 'gauge',
        samples: [{ value: Number.POSITIVE_INFINITY }, { value: 1e-9, labels: { x: '' } }],
      },
      {
        name: 'c_seconds',
        help: 'Times.',
        type: 'histogram',
        samples: [{ histogram: histogram.snapshot(), labels: { folder } }],
      },
      { name: 'd', help: 'Nothing is known.', type: 'gauge', samples: [] },
    ]);
    const families = parsePrometheus(text);
    expect([...families.keys()]).toEqual(['a_total', 'b', 'c_seconds']);
    expect(families.get('a_total')?.series).toEqual([{ name: 'a_total', labels: { folder }, value: 12 }]);
    expect(families.get('b')?.series.map(one => one.value)).toEqual([Number.POSITIVE_INFINITY, 1e-9]);
    const bucket = (le: string) => families.get('c_seconds')?.series.find(one => one.labels.le === le)?.value;
    expect([bucket('0.005'), bucket('0.05'), bucket('0.1'), bucket('300'), bucket('+Inf')]).toEqual([1, 1, 3, 3, 4]);
    expect(families.get('c_seconds')?.series.find(one => one.name.endsWith('_sum'))?.value).toBeCloseTo(1000.124);
  });

  it('has a reader in these tests that refuses what is wrong', () => {
    const wrong = [
      'a 1\n',
      '# HELP a x\n# TYPE a gauge\na 1',
      '# HELP a x\n# TYPE a gauge\nb 1\n',
      '# HELP a x\n# TYPE a gauge\na{x=y} 1\n',
      '# HELP a x\n# TYPE a gauge\na 1\na 2\n',
      '# HELP a x\n# TYPE a counter\na 1\n',
      '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
      '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
    ];
    for (const text of wrong) expect(() => parsePrometheus(text), text).toThrow();
  });
});

describe('recent values', () => {
  it('are the newest by number and by age', async () => {
    const clock = new ManualClock();
    const recent = new Recent(clock, { size: 3, maxAgeMs: 1_000 });
    expect(recent.summary()).toEqual({ count: 0, mean: 0 });
    for (const value of [100, 1, 2, 3]) recent.add(value);
    expect(recent.summary()).toEqual({ count: 3, mean: 2 });
    await clock.advance(1_001);
    recent.add(8);
    expect(recent.summary()).toEqual({ count: 1, mean: 8 });
  });
});

describe('the event-loop meter', () => {
  it('measures from the first question on, and stops when nobody has asked for five minutes', async () => {
    const clock = new ManualClock();
    const meter = new EventLoopMeter(clock);
    expect(clock.timers).toBe(0);
    expect(meter.read().delay).toBeUndefined();
    // The first tick of the measuring; what was before it does not count.
    await new Promise(resolve => setTimeout(resolve, 60));
    const held = performance.now() + 200;
    while (performance.now() < held);
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(meter.read().delay?.max).toBeGreaterThan(0.05);
    await clock.advance(300_000);
    expect(clock.timers).toBe(0);
    expect(meter.read().delay).toBeUndefined();
    meter.stop();
    expect(clock.timers).toBe(0);
  });
});
