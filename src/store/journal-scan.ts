/** Reads a journal after a crash: hands on every sound record, and tells a torn tail from damage. */
import { systemCode } from '../errors.js';
import type { FileSystem, OpenFile } from '../files/file-system.js';
import { FileWindow } from './file-window.js';
import { HEAD_BYTES, isPayloadSound, type JournalHeader, type RecordHead, readHead } from './record.js';

const RUN_BYTES = 1024 * 1024;

/** Takes what a scan finds, in the order of the file. */
export interface ScanSink {
  /** The journal's header; `undefined` when it is not readable. `after` is the sequence number before the first record. */
  header(header: JournalHeader | undefined, after: number): Promise<void>;
  /** Whole sound records, in memory of their own. */
  records(bytes: Buffer): Promise<void>;
}

/** What a scan found. */
export interface JournalScan {
  header: JournalHeader | undefined;
  /** The sequence number before the first record. */
  after: number;
  /** The sequence number of the last sound record; that of the header where there is none. */
  last: number;
  /** Where the last sound record ends. */
  soundEnd: number;
  size: number;
  /** The last write was not complete and nothing follows it. */
  torn: boolean;
  /** There is damage that a crash does not explain. */
  damaged: boolean;
  /** How many records are missing inside the file, at least. */
  lost: number;
}

/**
 * Scans from offset `from` to `limit` (default: all). `undefined` when there is no file. Where `from` is not 0, no
 * header is expected, and `last` is the sequence number before it.
 */
export async function scanJournal(
  fs: FileSystem,
  path: string,
  sink: ScanSink,
  part: { from: number; limit: number; last: number | undefined } | undefined = undefined,
): Promise<JournalScan | undefined> {
  let file: OpenFile;
  try {
    file = await fs.open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const size = Math.min((await file.stat()).size, part?.limit ?? Number.POSITIVE_INFINITY);
    return await new Scanner(new FileWindow(file, part?.from ?? 0, size), sink, size).run(part?.last);
  } finally {
    await file.close();
  }
}

class Scanner {
  readonly #window: FileWindow;
  readonly #sink: ScanSink;
  readonly #found: JournalScan;
  /** Sound records between these bytes before the cursor have not been handed on yet. */
  #run: Buffer[] = [];
  #runBytes = 0;

  constructor(window: FileWindow, sink: ScanSink, size: number) {
    this.#window = window;
    this.#sink = sink;
    this.#found = {
      header: undefined,
      after: -1,
      last: -1,
      soundEnd: window.offset,
      size,
      torn: false,
      damaged: false,
      lost: 0,
    };
  }

  async run(last: number | undefined): Promise<JournalScan> {
    const found = this.#found;
    if (last === undefined) await this.#readHeader();
    else found.after = found.last = last;
    while (this.#window.remaining > 0) {
      const head = await this.#soundRecord();
      if (head) await this.#take(head);
      else if (!(await this.#skipToNext())) break;
    }
    await this.#handOn();
    if (found.after < 0) found.after = found.last = 0;
    return found;
  }

  async #readHeader(): Promise<void> {
    const head = await this.#soundRecord();
    if (!head) return;
    const payload = this.#window.bytes.toString('utf8', HEAD_BYTES, HEAD_BYTES + head.length);
    const content = JSON.parse(payload) as JournalHeader | unknown[];
    if (Array.isArray(content)) return;
    this.#found.header = content;
    this.#found.after = this.#found.last = head.sequence;
    this.#step(head);
    await this.#sink.header(content, head.sequence);
  }

  /** The head of the record at the cursor, where it is whole and sound; it is then in memory. */
  async #soundRecord(): Promise<RecordHead | undefined> {
    const window = this.#window;
    if (window.available < HEAD_BYTES) await window.fill(HEAD_BYTES);
    if (window.available < HEAD_BYTES) return undefined;
    const head = readHead(window.bytes, 0);
    const bytes = HEAD_BYTES + (head?.length ?? 0);
    if (!head || bytes > window.remaining) return undefined;
    if (window.available < bytes) await window.fill(bytes);
    return window.available >= bytes && isPayloadSound(window.bytes, 0, head) ? head : undefined;
  }

  async #take(head: RecordHead): Promise<void> {
    const found = this.#found;
    if (found.after < 0) await this.#withoutHeader(head.sequence - 1);
    // A number that went back can only be damage; the engine passes over what it has applied.
    if (head.sequence !== found.last + 1) {
      found.damaged = true;
      found.lost += Math.max(0, head.sequence - found.last - 1);
    }
    const bytes = HEAD_BYTES + head.length;
    this.#run.push(Buffer.from(this.#window.bytes.subarray(0, bytes)));
    this.#runBytes += bytes;
    found.last = Math.max(found.last, head.sequence);
    this.#step(head);
    if (this.#runBytes >= RUN_BYTES) await this.#handOn();
  }

  #step(head: RecordHead): void {
    this.#window.advance(HEAD_BYTES + head.length);
    this.#found.soundEnd = this.#window.offset;
  }

  async #withoutHeader(after: number): Promise<void> {
    this.#found.after = this.#found.last = after;
    this.#found.damaged = true;
    await this.#sink.header(undefined, after);
  }

  /** Looks for the next sound record after a place that is none. `false` when there is none: this was the tail. */
  async #skipToNext(): Promise<boolean> {
    const window = this.#window;
    const atHead = window.available >= HEAD_BYTES ? readHead(window.bytes, 0) : undefined;
    const cutOff = window.remaining < HEAD_BYTES || (atHead && HEAD_BYTES + atHead.length > window.remaining);
    let lastByte = 0;
    while (window.remaining > 0) {
      await window.fill(HEAD_BYTES);
      lastByte = window.bytes[0] ?? 0;
      window.advance(1);
      if (window.available < HEAD_BYTES) await window.fill(HEAD_BYTES);
      if (window.available < HEAD_BYTES || !readHead(window.bytes, 0)) continue;
      const head = await this.#soundRecord();
      if (!head || head.sequence <= this.#found.last) continue;
      this.#found.damaged = true;
      return true;
    }
    // Blocks that the crash left unwritten read as zeros; a whole payload never ends in one.
    if (cutOff || lastByte === 0) this.#found.torn = true;
    else {
      this.#found.damaged = true;
      if (this.#found.after >= 0) this.#found.lost += 1;
    }
    return false;
  }

  async #handOn(): Promise<void> {
    if (this.#runBytes === 0) return;
    const bytes = Buffer.allocUnsafeSlow(this.#runBytes);
    let offset = 0;
    for (const part of this.#run) offset += part.copy(bytes, offset);
    this.#run = [];
    this.#runBytes = 0;
    await this.#sink.records(bytes);
  }
}
