/** How the events of a store are logged. Damage is told to whoever owns the store, who logs it with what it means. */
import type { EventLines } from '../observe/event-lines.js';
import type { StoreEvents } from './store-events.js';

export const STORE_LINES: EventLines<StoreEvents> = {
  tornTail: {
    level: 'warn',
    message: 'The last write before a crash was not complete and is cut off; it had not been acknowledged',
    fields: event => ({ ...event }),
  },
  workerRestarted: {
    level: 'warn',
    message: 'The thread that runs SQL had died and was started anew',
    fields: ({ reason }) => ({ err: reason }),
  },
  checkpointed: { level: 'debug', message: 'Snapshot written', fields: event => ({ ...event }) },
};
