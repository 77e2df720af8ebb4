import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Schedule, type Waiting } from '../../../src/pool/schedule.js';

interface Job extends Waiting {
  name: string;
  lane: string;
}

const MINUTE = 60_000;
const job = (name: string, priority: number, queuedAt = 0, lane = 'csv'): Job => ({ name, priority, queuedAt, lane });

function scheduleOf(...jobs: Job[]): Schedule<Job> {
  const schedule = new Schedule<Job>();
  for (const one of jobs) schedule.put(one.lane, one);
  return schedule;
}

function drain(schedule: Schedule<Job>, open: (job: Job) => boolean = () => true): string[] {
  const names: string[] = [];
  for (let next = schedule.take(open); next; next = schedule.take(open)) names.push(next.name);
  return names;
}

describe('the schedule', () => {
  it('lets the highest priority go first, across lanes', () => {
    const schedule = scheduleOf(job('low', 1, 0, 'a'), job('high', 10, 0, 'b'), job('middle', 5, 0, 'a'));
    expect(drain(schedule)).toEqual(['high', 'middle', 'low']);
  });

  it('is first come first served within one priority, across lanes', () => {
    const schedule = scheduleOf(job('1', 5, 1, 'a'), job('2', 5, 2, 'b'), job('3', 5, 3, 'a'), job('4', 5, 4, 'b'));
    expect(drain(schedule)).toEqual(['1', '2', '3', '4']);
  });

  it('tells whose turn comes next, from the lanes that are open, and takes nobody', () => {
    const names = (jobs: Job[]): string[] => jobs.map(({ name }) => name);
    const schedule = scheduleOf(job('1', 5, 1, 'a'), job('2', 5, 2, 'b'), job('3', 5, 3, 'a'), job('0', 10, 4, 'c'));
    expect(names(schedule.upcoming(3, () => true))).toEqual(['0', '1', '2']);
    expect(names(schedule.upcoming(3, ({ lane }) => lane !== 'c'))).toEqual(['1', '2', '3']);
    expect(names(schedule.upcoming(9, ({ lane }) => lane === 'a'))).toEqual(['1', '3']);
    expect(drain(schedule)).toEqual(['0', '1', '2', '3']);
    expect(schedule.upcoming(3, () => true)).toEqual([]);
  });

  it('keeps the order in which items of one moment came', () => {
    const names = Array.from({ length: 5000 }, (_, index) => String(index));
    expect(drain(scheduleOf(...names.map(name => job(name, 5))))).toEqual(names);
  });

  it('lets nobody wait for ever: priority 1 goes before a 10 that came five minutes later', () => {
    expect(drain(scheduleOf(job('patient', 1, 0), job('late', 10, 5 * MINUTE)))).toEqual(['patient', 'late']);
    expect(drain(scheduleOf(job('patient', 1, 0), job('soon', 10, 4 * MINUTE)))).toEqual(['soon', 'patient']);
  });

  it('serves the lowest priority in time under an endless load of the highest', () => {
    const schedule = scheduleOf(job('patient', 1, 0));
    let waited = 0;
    for (let now = 0; ; now += 1000) {
      schedule.put('csv', job('urgent', 10, now));
      if (schedule.take(() => true)?.name === 'patient') break;
      waited = now;
    }
    expect(waited).toBeLessThanOrEqual(5 * MINUTE);
  });

  it('passes over what is closed, and keeps it', () => {
    const schedule = scheduleOf(job('closed', 10, 0, 'a'), job('open', 1, 0, 'b'));
    const open = (one: Job): boolean => one.lane === 'b';
    expect(drain(schedule, open)).toEqual(['open']);
    expect(schedule.size).toBe(1);
    expect(drain(schedule)).toEqual(['closed']);
    expect(schedule.size).toBe(0);
  });

  it('asks no more than one question for each lane, however many wait', () => {
    const jobs = Array.from({ length: 100_000 }, (_, index) => job('x', 1 + (index % 3), index));
    const schedule = scheduleOf(...jobs);
    let asked = 0;
    for (let taken = 0; taken < 10; taken++) {
      schedule.take(() => {
        asked += 1;
        return true;
      });
    }
    expect(asked).toBeLessThanOrEqual(10 * 3);
  });

  it('forgets everything when it is cleared', () => {
    const schedule = scheduleOf(job('a', 1), job('b', 2));
    schedule.clear();
    expect([schedule.size, schedule.take(() => true)]).toEqual([0, undefined]);
  });

  it('gives what an exact search would give, in every mixture of coming and going', () => {
    const step = fc.oneof(
      fc.record({ put: fc.constant(true), priority: fc.integer({ min: 1, max: 10 }), lane: fc.constantFrom('a', 'b') }),
      fc.record({ put: fc.constant(false), priority: fc.constant(0), lane: fc.constantFrom('a', 'b', 'all') }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const schedule = new Schedule<Job>();
        let model: Job[] = [];
        for (const [index, { put, priority, lane }] of steps.entries()) {
          if (put) {
            // Items come in the order of time, at times that tell ranks apart.
            const one = job(String(index), priority, index * 7001, lane);
            schedule.put(lane, one);
            model.push(one);
            continue;
          }
          const open = (one: Job): boolean => lane === 'all' || one.lane === lane;
          const rank = (one: Job): number => one.queuedAt - one.priority * 30_000;
          const [best] = model.filter(open).sort((a, b) => rank(a) - rank(b));
          expect(schedule.take(open)).toBe(best);
          model = model.filter(one => one !== best);
        }
        expect(schedule.size).toBe(model.length);
      }),
    );
  });
});
