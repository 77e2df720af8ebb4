/** The worker's side of the protocol: takes one message after the other to the engine. */
import type { MessagePort } from 'node:worker_threads';
import type { SqlJsStatic } from 'sql.js';
import type { FromWorker, Requests, ToWorker } from './protocol.js';
import { SqlEngine } from './sql-engine.js';
import { isEngineFailure, wordsOf } from './store-errors.js';

type Request = Exclude<ToWorker, { request: 'apply' | 'end' }>;

/** Serves the store behind `port`. What is thrown here ends the thread, and the store starts a new one. */
export function serveSql(port: MessagePort, sql: SqlJsStatic): void {
  let engine: SqlEngine | undefined;

  const answer = (message: Request): Requests[Request['request']]['answer'] => {
    if (message.request === 'load') {
      const { snapshot, schema } = message.ask;
      engine = new SqlEngine(sql, schema);
      return snapshot ? engine.load(snapshot) : { version: 0, sequence: 0, damage: undefined };
    }
    if (!engine) throw new RangeError('nothing is loaded');
    switch (message.request) {
      case 'journal':
        return void engine.useJournal(message.ask.header, message.ask.after);
      case 'ready':
        return engine.ready();
      case 'query':
        return engine.query(message.ask.query, message.ask.params);
      case 'export':
        return engine.export();
      case 'barrier':
        return undefined;
    }
  };

  const handle = (message: Request): FromWorker => {
    try {
      return { id: message.id, answer: answer(message) };
    } catch (error) {
      if (isEngineFailure(wordsOf(error)) && message.request !== 'load') throw error;
      return { id: message.id, words: wordsOf(error) };
    }
  };

  const apply = (records: readonly Uint8Array[]): FromWorker => {
    const all = records.length === 1 ? asBuffer(records[0] as Uint8Array) : Buffer.concat(records);
    return { applied: all.length, refusals: engine?.apply(all) ?? [] };
  };

  port.on('message', (messages: ToWorker[]) => {
    const answers: FromWorker[] = [];
    // Batches with no question between them become one transaction.
    let records: Uint8Array[] = [];
    const applyAll = (): void => {
      if (records.length > 0) answers.push(apply(records));
      records = [];
    };
    for (const message of messages) {
      if (message.request === 'apply') {
        records.push(message.records);
        continue;
      }
      applyAll();
      if (message.request === 'end') port.close();
      else answers.push(handle(message));
    }
    applyAll();
    if (answers.length > 0) port.postMessage(answers, answers.flatMap(ownMemory));
  });
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, length);
}

/** A database that is exported goes over as it is and not as a copy. */
function ownMemory(message: FromWorker): ArrayBuffer[] {
  const answer = 'answer' in message ? message.answer : undefined;
  return answer && typeof answer === 'object' && 'bytes' in answer ? [answer.bytes.buffer as ArrayBuffer] : [];
}
