/** The reasons why a pool is not healthy, each found by a check of its own. */
import type { RetentionEngine } from '../archive/index.js';
import type { HealthReason, HealthReasonCode } from '../observe/health.js';
import type { QueueStatistics } from '../pending/index.js';
import type { ActiveFile } from './active-file.js';
import type { Engine } from './engine.js';
import type { HealthOptions } from './health-options.js';
import type { Monitor } from './monitor.js';
import type { PoolState } from './pool-events.js';
import type { Roster } from './roster.js';

/** What the checks look at. */
export interface Patient {
  state: PoolState;
  engine: Engine;
  monitor: Monitor;
  pending: QueueStatistics;
  thresholds: Required<HealthOptions>;
  retention: Pick<RetentionEngine, 'trouble'> | undefined;
}

/** From so many files on, a share of failures says something. */
const MIN_OUTCOMES = 10;

/** Everything that is not as it should be. */
export function diagnose(patient: Patient): HealthReason[] {
  return CHECKS.flatMap(check => check(patient));
}

const CHECKS: readonly ((patient: Patient) => HealthReason[])[] = [
  ({ state }) => {
    if (state === 'running') return [];
    // A start is on its way to work; everything else is not.
    return [
      reason('NOT_RUNNING', state === 'starting' ? 'degraded' : 'unhealthy', `The pool is ${state}`, state, 'running'),
    ];
  },

  ({ engine: { pausedAll, paused }, pending }) => {
    const names = [...(pausedAll ? ['all converters'] : paused), ...(pending.state === 'paused' ? ['sending'] : [])];
    const what = names.join(', ');
    return what === '' ? [] : [reason('PAUSED', 'degraded', `Paused by the host: ${what}`, what, 'none')];
  },

  ({ engine: { dispatcher, pausedAll }, monitor, pending, thresholds, state }) => {
    // What the host has paused is no trouble of its own.
    if (state !== 'running' || pausedAll || pending.state === 'paused') return [];
    const waiting = dispatcher.waiting + dispatcher.working + pending.queued + pending.processing;
    const forMs = monitor.stillForMs;
    if (waiting === 0 || forMs <= thresholds.stalledMs) return [];
    const message = `Nothing has moved for ${Math.round(forMs / 1000)} s, and ${waiting} files and reports wait`;
    return [reason('STALLED', 'unhealthy', message, forMs, thresholds.stalledMs)];
  },

  ({ engine: { dispatcher }, pending, thresholds }) => {
    const waiting = dispatcher.waiting + pending.queued + pending.processing;
    return above('BACKLOG', waiting, thresholds.backlog, `${waiting} files and reports wait`);
  },

  ({ engine: { context }, pending, thresholds }) => {
    const oldest = firstUndelivered(context.roster);
    const fileAgeMs = oldest ? context.clock.now() - oldest.record.firstSeenAt : 0;
    const ageMs = Math.max(pending.oldestAgeMs, fileAgeMs);
    const message = `The oldest ${fileAgeMs > pending.oldestAgeMs ? 'file' : 'report'} that is not delivered is ${Math.round(ageMs / 1000)} s old`;
    return above('OLDEST_UNDELIVERED', ageMs, thresholds.oldestUndeliveredMs, message);
  },

  ({ monitor, thresholds }) => {
    const { count, mean } = monitor.outcomes.summary();
    if (count < MIN_OUTCOMES) return [];
    const message = `${Math.round(mean * 100)} % of the last ${count} files failed`;
    return above('ERROR_RATE', mean, thresholds.errorRate, message);
  },

  ({ pending: { recentLatencyMs }, thresholds }) =>
    above(
      'API_LATENCY',
      recentLatencyMs,
      thresholds.apiLatencyMs,
      `The server takes ${Math.round(recentLatencyMs)} ms`,
    ),

  ({ pending: { breaker, offline } }) => {
    if (offline?.unauthorized) return [reason('UNAUTHORIZED', 'unhealthy', offline.reason, 'refused', 'accepted')];
    if (breaker !== 'closed') {
      const message = 'The server failed again and again: reports wait, and it is asked now and then';
      return [reason('BREAKER_OPEN', 'degraded', message, breaker, 'closed')];
    }
    return offline
      ? [reason('OFFLINE', 'unhealthy', `Nothing can be sent: ${offline.reason}`, 'offline', 'running')]
      : [];
  },

  ({ engine: { context, space }, pending }) => {
    const disks = [
      { low: space.low, freeBytes: space.freeBytes, thresholdBytes: space.thresholdBytes, of: 'the data folder' },
      { low: pending.diskLow, freeBytes: 0, thresholdBytes: 0, ...pending.disk, of: 'the pending folder' },
    ];
    const low = disks.filter(disk => disk.low);
    const reasons = low.map(({ of, freeBytes, thresholdBytes }) =>
      reason('DISK_LOW', 'unhealthy', `The disk of ${of} is low: intake pauses`, freeBytes, thresholdBytes),
    );
    if (!context.pending.pressure || pending.diskLow) return reasons;
    const message = 'The pending queue is nearly full: intake pauses';
    return [...reasons, reason('QUEUE_FULL', 'unhealthy', message, context.pending.size, 'maxSize and maxBytes')];
  },

  ({ monitor }) =>
    [...monitor.blind].map(([folder, { message }]) =>
      reason(
        'WATCHER_BLIND',
        'degraded',
        message.includes(folder) ? message : `${folder}: ${message}`,
        folder,
        'watched',
      ),
    ),

  ({ pending: { clockSkewMs = 0 }, thresholds }) => {
    const seconds = Math.round(Math.abs(clockSkewMs) / 1000);
    const message = `The station's clock is ${seconds} s ${clockSkewMs > 0 ? 'ahead of' : 'behind'} the server's`;
    return above('CLOCK_SKEW', Math.abs(clockSkewMs), thresholds.clockSkewMs, message);
  },

  ({ engine: { archivist } }) =>
    [...archivist.places].flatMap(({ storage, away }) => {
      const message = `${storage.directory} cannot be written, so originals are not archived: ${away?.message}`;
      return away ? [reason('ARCHIVE_PAUSED', 'degraded', message, storage.directory, 'written')] : [];
    }),

  ({ retention }) => {
    const { trouble } = retention ?? {};
    if (trouble === undefined) return [];
    return [
      reason('RETENTION_PAUSED', 'degraded', `The archive is not purged as it should: ${trouble}`, 'paused', 'purged'),
    ];
  },

  ({ engine: { archivist } }) =>
    archivist.damage.map(message => reason('ARCHIVE_DAMAGED', 'degraded', message, 'damaged', 'whole')),

  ({ monitor: { damage } }) => damage.map(message => reason('STORE_DAMAGED', 'degraded', message, 'damaged', 'whole')),
];

/** The file that was taken in hand first, of those whose reports the server does not have. */
function firstUndelivered(roster: Roster): ActiveFile | undefined {
  for (const file of roster) if (file.record.state !== 'cleaning') return file;
  return undefined;
}

function above(code: HealthReasonCode, value: number, threshold: number, message: string): HealthReason[] {
  return value > threshold ? [reason(code, 'degraded', message, value, threshold)] : [];
}

function reason(
  code: HealthReasonCode,
  severity: HealthReason['severity'],
  message: string,
  value: number | string,
  threshold: number | string,
): HealthReason {
  return { code, severity, message, value, threshold };
}
