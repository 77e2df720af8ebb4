/** The files in hand that are not whole yet: they have to rest, and then to be ready by the rules of their converter. */
import pLimit from 'p-limit';
import type { Clock } from '../clock.js';
import { StabilityGate } from '../discovery/stability-gate.js';
import type { FileSystem } from '../files/file-system.js';
import { type FileIdentity, sameIdentity } from '../files/identity.js';
import { type ActiveFile, waitedMs } from './active-file.js';
import { type Answer, isWhole } from './is-whole.js';
import { Later } from './later.js';
import { MarkerIndex } from './marker-index.js';

/** What it is made with, and whom it tells. */
export interface GrowingOptions {
  fs: FileSystem;
  clock: Clock;
  /** It is whole. */
  onReady: (file: ActiveFile) => void;
  /** It is gone. */
  onVanished: (file: ActiveFile) => void;
  /** It has not become whole within `readyTimeoutMs`. */
  onWaiting: (file: ActiveFile, reason: string) => void;
  /** The user's own function threw. */
  onError: (error: Error, file: ActiveFile) => void;
  /** Perhaps nothing is left to wait for. */
  onQuiet: () => void;
}

interface Held {
  /** Since when it is waited for, monotonic ms. */
  since: number;
  identity: FileIdentity;
  /** Counts what happened to it, so that an answer that comes too late is known. */
  round: number;
  /** How often it was asked for and not ready, since it last changed. */
  tries: number;
  /** Where it rests and is not ready: why. */
  reason?: string;
  /** Time alone ends that. */
  ownTime?: boolean;
  complained?: boolean;
}

const CHECKS_AT_ONCE = 32;
const LONGEST_RETRY_MS = 30_000;

/** Holds files until they are whole. */
export class Growing {
  readonly #options: GrowingOptions;
  readonly #gates = new Map<number, StabilityGate<ActiveFile>>();
  readonly #held = new Map<ActiveFile, Held>();
  readonly #markers = new MarkerIndex();
  /** Those that nobody has to wait for: what they lack may never come. */
  readonly #excused = new Set<ActiveFile>();
  readonly #later: Later<{ file: ActiveFile; held: Held; round: number }>;
  readonly #slots = pLimit(CHECKS_AT_ONCE);
  #checks = 0;
  #closed = false;

  constructor(options: GrowingOptions) {
    this.#options = options;
    this.#later = new Later(options.clock, ({ file, held, round }) => {
      if (this.#held.get(file) === held && held.round === round) this.#check(file, held);
    });
  }

  /** How many files wait for what may never come. */
  get excused(): number {
    return this.#excused.size;
  }

  /** Whether some are being looked at. */
  get busy(): boolean {
    return this.#checks > 0;
  }

  /** Holds a file that looks like this now. @param rested It has been at rest for long: only the rules are left. */
  add(file: ActiveFile, identity: FileIdentity, { rested = false } = {}): void {
    const held: Held = { since: this.#options.clock.monotonic(), identity, round: 0, tries: 0 };
    file.state = 'growing';
    delete file.refused;
    this.#held.set(file, held);
    if (rested) this.#rests(file, held);
    else this.#gate(file).add(file.location, file, identity);
  }

  /** Something happened to a file. @returns Whether it is held here. */
  touch(file: ActiveFile): boolean {
    const held = this.#held.get(file);
    if (!held) return false;
    if (!this.#gate(file).touch(file.location)) this.#again(file, held, held.identity);
    return true;
  }

  /** Something happened to this path (absolute), which may be a done-file. @returns Whether files wait for it. */
  marker(path: string): boolean {
    const files = this.#markers.waitingFor(path);
    for (const file of files) this.#recheck(file);
    return files.length > 0;
  }

  /** A rescan: what waits below this watch folder is looked at anew, should an event have been missed. */
  recheck(root: string): void {
    for (const [file, held] of this.#held) if (!held.ownTime && file.record.root === root) this.#recheck(file);
  }

  /** Why a file is not taken yet, in words that complete "it is waiting: …"; `undefined` when it is not held. */
  reason(file: ActiveFile): string | undefined {
    const held = this.#held.get(file);
    if (!held) return undefined;
    const ms = this.#options.clock.monotonic() - held.since;
    const late = file.state === 'waiting' ? `, for ${(ms / 1000).toFixed(0)} s already` : '';
    if (held.reason !== undefined) return held.reason + late;
    const quietMs = this.#gate(file).quietForMs(file.location) ?? 0;
    const windowMs = file.stabilityMs;
    return `it changed ${(quietMs / 1000).toFixed(1)} s ago and has to rest for ${(windowMs / 1000).toFixed(1)} s${late}`;
  }

  /** Takes files out by what they are; they are not waited for any more. */
  withdraw(wanted: (file: ActiveFile) => boolean): ActiveFile[] {
    for (const gate of this.#gates.values()) gate.withdraw(wanted);
    const taken = [...this.#held.keys()].filter(wanted);
    for (const file of taken) this.#drop(file);
    return taken;
  }

  close(): void {
    this.#closed = true;
    for (const gate of this.#gates.values()) gate.close();
    this.#later.close();
  }

  #recheck(file: ActiveFile): void {
    const held = this.#held.get(file);
    if (held && held.reason !== undefined) this.#check(file, held);
  }

  /** Back to the beginning: it has to rest anew. */
  #again(file: ActiveFile, held: Held, identity: FileIdentity): void {
    this.#unpark(file, held);
    held.round += 1;
    held.tries = 0;
    this.#gate(file).add(file.location, file, identity);
  }

  #rests(file: ActiveFile, held: Held): void {
    if (file.entry.readiness || file.entry.unit.tree) this.#check(file, held);
    else this.#pass(file);
  }

  #check(file: ActiveFile, held: Held): void {
    const { fs, clock, onQuiet } = this.#options;
    const hasWaited = held.reason !== undefined;
    this.#checks += 1;
    const round = ++held.round;
    void this.#slots(async () => {
      const answer = await isWhole(file, held.identity, { fs, clock, hasWaited });
      this.#checks -= 1;
      // Touched or closed meanwhile: what was found is no longer so.
      if (!this.#closed && this.#held.get(file) === held && held.round === round) this.#follow(file, held, answer);
      onQuiet();
    });
  }

  #follow(file: ActiveFile, held: Held, answer: Answer): void {
    if (answer.kind === 'wait') {
      this.#park(file, held, answer);
    } else if (answer.kind === 'changed') {
      this.#again(file, held, answer.identity);
    } else if (answer.kind === 'vanished') {
      this.#drop(file);
      this.#options.onVanished(file);
    } else {
      if (answer.kind === 'refused') file.refused = { as: answer.as, reason: answer.reason };
      this.#pass(file);
    }
  }

  #park(file: ActiveFile, held: Held, { reason, retryMs, ownTime = false, error }: Answer & { kind: 'wait' }): void {
    const { clock, onError } = this.#options;
    held.reason = reason;
    held.ownTime = ownTime;
    if (error && !held.complained) onError(error, file);
    if (error) held.complained = true;
    this.#markers.add(file);
    if (!ownTime) this.#excused.add(file);
    this.#isLate(file, held);
    const delays: number[] = [];
    if (retryMs !== undefined) delays.push(ownTime ? retryMs : Math.min(retryMs * 2 ** held.tries++, LONGEST_RETRY_MS));
    if (file.state !== 'waiting') delays.push(Math.max(1, held.since + file.entry.readyTimeoutMs - clock.monotonic()));
    if (delays.length > 0) this.#later.put({ file, held, round: held.round }, Math.min(...delays));
  }

  #isLate(file: ActiveFile, held: Held): void {
    const { clock, onWaiting } = this.#options;
    if (file.state === 'waiting' || clock.monotonic() - held.since < file.entry.readyTimeoutMs) return;
    // Told of as it was waited for; from now on nobody has to.
    const reason = this.reason(file) ?? '';
    file.state = 'waiting';
    this.#excused.add(file);
    onWaiting(file, reason);
    this.#options.onQuiet();
  }

  #pass(file: ActiveFile): void {
    this.#drop(file);
    this.#options.onReady(file);
  }

  #drop(file: ActiveFile): void {
    const held = this.#held.get(file);
    if (held) this.#unpark(file, held);
    this.#excused.delete(file);
    this.#held.delete(file);
  }

  #unpark(file: ActiveFile, held: Held): void {
    delete held.reason;
    delete held.ownTime;
    if (file.state !== 'waiting') this.#excused.delete(file);
    this.#markers.remove(file);
  }

  #gate({ stabilityMs: windowMs }: ActiveFile): StabilityGate<ActiveFile> {
    let gate = this.#gates.get(windowMs);
    if (!gate) {
      const { fs, clock, onVanished } = this.#options;
      gate = new StabilityGate<ActiveFile>({
        fs,
        clock,
        windowMs,
        look: (path, file) => file.entry.unit.look(fs, path, waitedMs(clock, file)),
        onReady: (file, identity) => {
          const held = this.#held.get(file);
          if (!held) return;
          // What it has grown to is what will be read.
          if (!sameIdentity(file.record, identity)) file.record = { ...file.record, ...identity };
          this.#rests(file, Object.assign(held, { identity }));
        },
        onChanged: file => {
          const held = this.#held.get(file);
          if (held) this.#isLate(file, held);
        },
        onVanished: file => {
          this.#drop(file);
          onVanished(file);
        },
      });
      this.#gates.set(windowMs, gate);
    }
    return gate;
  }
}
