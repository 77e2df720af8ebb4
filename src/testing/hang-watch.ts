/** Notices from outside when the event loop stands still, which nobody can from inside. */
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';

/**
 * Runs in a thread of its own. The message is written by the thread itself: Node would hand it to the event loop that
 * stands still.
 */
const WATCH = `
const { workerData: { beats, limitMs, pid, what } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
for (let seen = -1; ; ) {
  const now = Atomics.load(beats, 0);
  if (now < 0) break;
  if (now === seen) {
    writeSync(2, what + ' hangs at variant ' + now + ': the process is ended\\n');
    process.kill(pid, 'SIGKILL');
  }
  seen = now;
  Atomics.wait(beats, 1, 0, limitMs);
}`;

/** Ends the process, and says why, when `beat` is not called for `limitMs`, or at most twice that. */
export class HangWatch {
  readonly #beats: Int32Array;
  readonly #worker: Worker;

  private constructor(beats: Int32Array, worker: Worker) {
    this.#beats = beats;
    this.#worker = worker;
  }

  /** @param what Who is watched, for the message. */
  static async start(what: string, limitMs: number): Promise<HangWatch> {
    const beats = new Int32Array(new SharedArrayBuffer(8));
    const workerData = { beats, limitMs, pid: process.pid, what };
    // Without the flags of the host: the script is CommonJS whatever the host is.
    const worker = new Worker(WATCH, { eval: true, execArgv: [], workerData });
    await once(worker, 'online');
    worker.unref();
    return new HangWatch(beats, worker);
  }

  /** @param number Of what runs now. */
  beat(number: number): void {
    Atomics.store(this.#beats, 0, number);
  }

  async stop(): Promise<void> {
    Atomics.store(this.#beats, 0, -1);
    Atomics.store(this.#beats, 1, 1);
    Atomics.notify(this.#beats, 1);
    await this.#worker.terminate();
  }
}
