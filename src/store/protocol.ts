/**
 * What the store and its worker thread say to each other: lists of messages, since each posting costs more than what it
 * says. Each request has an id and gets one reply with it.
 */
import type { JournalHeader } from './record.js';
import type { SqlValue, StoreSchema } from './schema.js';

/** The requests, with what each is asked and answered. */
export interface Requests {
  /** Opens the snapshot, or an empty database where there is none. */
  load: { ask: { snapshot: Uint8Array | undefined; schema: StoreSchema }; answer: LoadedSnapshot };
  /** The records that follow were written with this header, after the record with this number. */
  journal: { ask: { header: JournalHeader | undefined; after: number }; answer: undefined };
  /** Everything is replayed: migrates to the schema. Answers with the number of the last record applied. */
  ready: { ask: undefined; answer: number };
  /** Is answered when everything before it is done. */
  barrier: { ask: undefined; answer: undefined };
  query: { ask: { query: string; params: readonly SqlValue[] }; answer: QueryResult };
  /** The whole database as a file, with all records up to `sequence` in it. */
  export: { ask: undefined; answer: { bytes: Uint8Array; sequence: number } };
}

export interface LoadedSnapshot {
  /** The schema version of the snapshot. */
  version: number;
  /** The number of the last record in it; `undefined` where it was damaged so that nobody can tell. */
  sequence: number | undefined;
  /** What was wrong with it and what was kept. */
  damage: string | undefined;
}

export interface QueryResult {
  columns: string[];
  rows: unknown[][];
}

export type RequestName = keyof Requests;

/** A record that SQL refused. */
export interface Refusal {
  sequence: number;
  statement: string;
  words: string;
}

export type ToWorker =
  | { [N in RequestName]: { id: number; request: N; ask: Requests[N]['ask'] } }[RequestName]
  /** Records to apply. Answered with `applied`. */
  | { request: 'apply'; records: Uint8Array }
  /** There is nothing more to do. The thread ends. */
  | { request: 'end' };

export type FromWorker =
  | { id: number; answer: Requests[RequestName]['answer'] }
  | { id: number; words: string }
  | { applied: number; refusals: Refusal[] };
