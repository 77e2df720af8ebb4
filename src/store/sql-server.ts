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
  const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

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

  port.on('message', (message: ToWorker) => {
    if (message.request === 'end') return port.close();
    if (message.request === 'apply') {
      const { buffer, byteOffset, length } = message.records;
      const refusals = engine?.apply(Buffer.from(buffer as ArrayBuffer, byteOffset, length)) ?? [];
      send({ applied: length, refusals });
      return;
    }
    try {
      const result = answer(message);
      const bytes = result && typeof result === 'object' && 'bytes' in result ? result.bytes : undefined;
      send({ id: message.id, answer: result }, bytes ? [bytes.buffer as ArrayBuffer] : []);
    } catch (error) {
      if (isEngineFailure(wordsOf(error)) && message.request !== 'load') throw error;
      send({ id: message.id, words: wordsOf(error) });
    }
  });
}
