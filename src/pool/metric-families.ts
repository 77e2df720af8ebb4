/** A pool's numbers as metrics: names, units and labels as Prometheus wants them. The operations guide lists them. */
import type { HealthStatus } from '../observe/health.js';
import type { MetricFamily, MetricSample } from '../observe/metric-family.js';
import { formatPrometheus } from '../observe/prometheus.js';
import type { BreakerState } from '../pending/index.js';
import type { ArchiveMetrics, PoolMetrics } from './pool-metrics.js';

/** Writes a pool's metrics in the Prometheus text format. */
export function prometheusText(metrics: PoolMetrics): string {
  return formatPrometheus(metricFamilies(metrics));
}

/** All metrics of a pool. A family without values is one that cannot be known now. */
export function metricFamilies(metrics: PoolMetrics): MetricFamily[] {
  return [
    ...healthFamilies(metrics),
    ...fileFamilies(metrics),
    ...reportFamilies(metrics),
    ...archiveFamilies(metrics),
    ...processFamilies(metrics),
  ];
}

const STATUSES: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy'];
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'halfOpen', 'open'];

function healthFamilies({ health, errors, blindFolders, disk, pending }: PoolMetrics): MetricFamily[] {
  const reasons = new Map<string, number>();
  for (const { code } of health.reasons) reasons.set(code, (reasons.get(code) ?? 0) + 1);
  const disks = Object.entries({ data: disk, pending: pending.disk });
  return [
    gauge('health_status', 'Whether the pool is in this state of health.', oneOf('status', STATUSES, health.status)),
    gauge('health_reason', 'Reasons why the pool is not healthy, by code.', byLabel('code', reasons)),
    counter('errors_total', 'Errors in the background, by code.', byLabel('code', Object.entries(errors))),
    gauge(
      'folder_blind',
      'Folders that cannot be reached or watched.',
      byLabel(
        'folder',
        blindFolders.map(one => [one, 1]),
      ),
    ),
    gauge(
      'disk_free_bytes',
      'Free bytes on the disk of a folder, as last measured.',
      byLabel(
        'folder',
        disks.flatMap(([name, found]) => (found ? [[name, found.freeBytes]] : [])),
      ),
    ),
    gauge(
      'disk_threshold_bytes',
      'Intake pauses below so many free bytes.',
      byLabel(
        'folder',
        disks.flatMap(([name, found]) => (found ? [[name, found.thresholdBytes]] : [])),
      ),
    ),
  ];
}

function fileFamilies({ files, converters, workers }: PoolMetrics): MetricFamily[] {
  const of = Object.entries(converters);
  const outcomes = ['completed', 'failed', 'suspended', 'skipped', 'retried'] as const;
  return [
    gauge('files', 'Files that were ever seen, by their state now.', byLabel('state', Object.entries(files ?? {}))),
    counter(
      'files_discovered_total',
      'Files that were seen.',
      byLabel(
        'converter',
        of.map(([name, { discovered }]) => [name, discovered]),
      ),
    ),
    counter(
      'file_outcomes_total',
      'What came of the turns of files.',
      of.flatMap(([converter, counts]) =>
        outcomes.map(outcome => ({ labels: { converter, outcome }, value: counts[outcome] })),
      ),
    ),
    {
      name: 'millrace_conversion_duration_seconds',
      help: 'How long conversions took that made reports.',
      type: 'histogram',
      samples: of.map(([converter, { duration }]) => ({ labels: { converter }, histogram: duration })),
    },
    gauge('queue_depth', 'Files that wait for a worker.', one(workers.waiting)),
    gauge('workers_busy', 'Files that a worker has.', one(workers.busy)),
    gauge('workers_limit', 'How many files are worked on at once, at most.', one(workers.limit)),
  ];
}

function reportFamilies({ pending }: PoolMetrics): MetricFamily[] {
  const { queued, processing, error, completed, clockSkewMs } = pending;
  return [
    gauge(
      'pending_reports',
      'Reports in the pending queue, by state.',
      byLabel('state', Object.entries({ queued, processing, error, completed })),
    ),
    gauge('pending_bytes', 'Bytes that wait in the pending queue.', one(pending.bytes)),
    gauge('pending_oldest_age_seconds', 'Age of the oldest undelivered report.', one(pending.oldestAgeMs / 1000)),
    gauge('pending_online', 'Whether reports can be sent.', one(pending.state === 'running' ? 1 : 0)),
    gauge(
      'breaker_state',
      'Whether the circuit breaker is in this state.',
      oneOf('state', BREAKER_STATES, pending.breaker),
    ),
    {
      name: 'millrace_submit_duration_seconds',
      help: 'How long requests to the server took, whatever the answer was.',
      type: 'histogram',
      samples: [{ histogram: pending.submitLatency }],
    },
    counter('submit_attempts_total', 'Attempts to submit a report.', one(pending.attempts)),
    counter('submit_retries_total', 'Attempts after the first of a report.', one(pending.retries)),
    counter('reports_delivered_total', 'Reports that the server accepted.', one(pending.delivered)),
    counter('reports_refused_total', 'Reports that were given up.', one(pending.refused)),
    counter(
      'reports_duplicate_total',
      'Reports that waited already and were not taken again.',
      one(pending.duplicates),
    ),
    gauge(
      'clock_skew_seconds',
      "How far the station's clock is ahead of the server's.",
      clockSkewMs === undefined ? [] : one(clockSkewMs / 1000),
    ),
  ];
}

function archiveFamilies({ archives }: PoolMetrics): MetricFamily[] {
  const of = (value: (archive: ArchiveMetrics) => number): MetricSample[] =>
    byLabel(
      'folder',
      archives.map(archive => [archive.directory, value(archive)]),
    );
  return [
    counter(
      'archive_written_bytes_total',
      'Bytes that were archived, as stored.',
      of(one => one.writtenBytes),
    ),
    counter(
      'archive_purged_bytes_total',
      'Bytes that were purged.',
      of(one => one.purgedBytes),
    ),
    gauge(
      'archive_paused',
      'Whether originals are not archived now.',
      of(one => (one.paused ? 1 : 0)),
    ),
  ];
}

function processFamilies({ process }: PoolMetrics): MetricFamily[] {
  const { eventLoop, openHandles, openFileDescriptors, residentMemoryBytes } = process;
  return [
    gauge(
      'event_loop_delay_seconds',
      'How late the event loop was since the last scrape.',
      byLabel('statistic', Object.entries(eventLoop.delay ?? {})),
    ),
    gauge('event_loop_utilization_ratio', 'Share of time in which the event loop worked.', one(eventLoop.utilization)),
    gauge('open_handles', 'What keeps Node busy, by kind.', byLabel('kind', Object.entries(openHandles))),
    gauge(
      'open_file_descriptors',
      'Open files and sockets of the process.',
      openFileDescriptors === undefined ? [] : one(openFileDescriptors),
    ),
    gauge('resident_memory_bytes', 'Memory of the process.', one(residentMemoryBytes)),
  ];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `millrace_${name}`, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `millrace_${name}`, help, type: 'counter', samples };
}

function one(value: number): MetricSample[] {
  return [{ value }];
}

function byLabel(label: string, values: Iterable<readonly [string, number]>): MetricSample[] {
  return [...values].map(([text, value]) => ({ labels: { [label]: text }, value }));
}

/** 1 for the state that holds, 0 for the others. */
function oneOf(label: string, states: readonly string[], now: string): MetricSample[] {
  return byLabel(
    label,
    states.map(state => [state, state === now ? 1 : 0]),
  );
}
