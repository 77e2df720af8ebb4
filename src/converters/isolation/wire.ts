/** The way of messages between a pool and a worker while a task runs, on both sides: a port to a thread, Node's channel to a process. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { TinypoolChannel } from 'tinypool';
import type { Downward, Upward } from './messages.js';

/** Tells messages from those that the pool library sends on the same channel. */
interface Enveloped {
  millrace: unknown;
}

/** The pool's end, for one task. */
export interface HostWire {
  send(message: Downward): void;
  close(): void;
  /** The worker's end of it, where it is a port. */
  readonly port?: MessagePort;
  /** The pool library's part in it, where it is a process. */
  readonly channel?: TinypoolChannel;
}

/** @param onLost The other end is gone, perhaps because the task is over. */
export function threadWire(onMessage: (message: Upward) => void, onLost: () => void): HostWire {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', onMessage);
  port1.on('close', onLost);
  // The pool decides how long the process lives.
  port1.unref();
  const close = (): void => {
    // The answer comes another way, and must not overtake what was said before it.
    for (let said = receiveMessageOnPort(port1); said; said = receiveMessageOnPort(port1)) onMessage(said.message);
    port1.close();
  };
  return { send: message => port1.postMessage(message), close, port: port2 };
}

export function processWire(onMessage: (message: Upward) => void): HostWire {
  let toWorker: ((message: Enveloped) => void) | undefined;
  const channel: TinypoolChannel = {
    onMessage: send => {
      toWorker = send;
    },
    postMessage: (data: Enveloped) => {
      if (data?.millrace !== undefined) onMessage(data.millrace as Upward);
    },
  };
  const close = (): void => {
    toWorker = undefined;
  };
  return { send: message => toWorker?.({ millrace: message }), close, channel };
}

/** The worker's end, for one task. */
export interface WorkerWire {
  send(message: Upward): void;
  close(): void;
}

/** @param port Absent in a process. */
export function workerWire(port: MessagePort | undefined, onMessage: (message: Downward) => void): WorkerWire {
  if (port) {
    port.on('message', onMessage);
    return { send: message => port.postMessage(message), close: () => port.close() };
  }
  const listener = (data: Partial<Enveloped>): void => {
    if (data?.millrace !== undefined) onMessage(data.millrace as Downward);
  };
  process.on('message', listener);
  return {
    send: message => void process.send?.({ millrace: message }),
    close: () => void process.off('message', listener),
  };
}
