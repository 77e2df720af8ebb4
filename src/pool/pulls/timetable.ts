/** When the next run of a schedule is due. Cron patterns are croner's to understand; timers are ours. */
import { Cron } from 'croner';
import type { Schedule } from '../../converters/scheduled-converter.js';

/** Times in epoch ms. */
export interface Timetable {
  /**
   * When the next run is due: a time that has passed means now.
   * @param lastDueAt When the last one was; `undefined` before the first.
   * @param since Since when there is a schedule.
   */
  next(lastDueAt: number | undefined, since: number): number;
}

/** @throws Error with a message for a user where the schedule is none. */
export function timetable(schedule: Schedule): Timetable {
  if (typeof schedule !== 'object' || schedule === null) throw new TypeError('must be { everyMs } or { cron }');
  if ('everyMs' in schedule && 'cron' in schedule) throw new TypeError('must have everyMs or cron, not both');
  if ('everyMs' in schedule) {
    const { everyMs } = schedule;
    if (!(typeof everyMs === 'number' && everyMs >= 10 && Number.isFinite(everyMs)))
      throw new TypeError(`must have a number of ms, at least 10, in everyMs, not ${String(everyMs)}`);
    return { next: (lastDueAt, since) => (lastDueAt === undefined ? since : lastDueAt + everyMs) };
  }
  const { cron, timeZone } = schedule;
  if (typeof cron !== 'string') throw new TypeError('must be { everyMs } or { cron }');
  const pattern = new Cron(cron, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
  if (!pattern.nextRun()) throw new TypeError(`has a pattern that never comes: ${cron}`);
  return {
    next: (lastDueAt, since) => pattern.nextRun(new Date(lastDueAt ?? since))?.getTime() ?? Number.POSITIVE_INFINITY,
  };
}

/** What is wrong with a schedule, in words that complete "schedule …"; nothing when all is well. */
export function scheduleProblem(schedule: Schedule): string | undefined {
  try {
    timetable(schedule).next(undefined, 0);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
