import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { type ChannelMessage, type ConvertTrace, publish, traced } from '../../../src/observe/channels.js';

const trace: ConvertTrace = { path: '/a.csv', converter: 'csv', correlationId: 'c', attempt: 1 };

describe('diagnostics channels', () => {
  it('carry an event with who told it, to whoever has subscribed', () => {
    const heard: unknown[] = [];
    const listener = (message: unknown): void => void heard.push(message);
    const emitter = {};
    publish('pool', emitter, 'converted', { path: '/a.csv' });
    subscribe('millrace:pool:converted', listener);
    publish('pool', emitter, 'converted', { path: '/b.csv' });
    publish('pool', emitter, 'completed', { path: '/b.csv' });
    unsubscribe('millrace:pool:converted', listener);
    publish('pool', emitter, 'converted', { path: '/c.csv' });
    expect(heard).toEqual([{ emitter, event: 'converted', payload: { path: '/b.csv' } } satisfies ChannelMessage]);
  });

  it('trace a conversion from its start to its end, or to its error', async () => {
    const heard: unknown[] = [];
    const channel = tracingChannel('millrace:convert');
    const subscribers = {
      start: ({ path }: { path?: string }) => void heard.push(`start ${path}`),
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: ({ result }: { result?: unknown }) => void heard.push(`end ${String(result)}`),
      error: ({ error }: { error?: unknown }) => void heard.push(`error ${(error as Error).message}`),
    };
    channel.subscribe(subscribers as never);
    await expect(traced('convert', { ...trace }, async () => 'done')).resolves.toBe('done');
    await expect(traced('convert', { ...trace }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    channel.unsubscribe(subscribers as never);
    await traced('convert', { ...trace }, async () => 'unheard');
    expect(heard).toEqual(['start /a.csv', 'end done', 'start /a.csv', 'error broken', 'end undefined']);
  });
});
