/** Tells what happens, line by line, from the pool's events. */
import { basename, relative } from 'node:path';
import process from 'node:process';
import { styleText } from 'node:util';

const coloured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (style, text) => (coloured ? styleText(style, text) : text);
const startedAt = performance.now();

/** One line of text. */
export function say(text = '') {
  process.stdout.write(`${text}\n`);
}

/** A heading between two parts of the story. */
export function chapter(title) {
  say(`\n${paint('bold', title)}`);
}

/** Writes one line for each step of each file. @param root Paths are shown relative to it. */
export function follow(pool, root) {
  const line = (style, word, { path, converter }, rest) => {
    const time = `${((performance.now() - startedAt) / 1000).toFixed(2)} s`.padStart(9);
    say(`${time}  ${paint(style, word.padEnd(9))}  ${converter.padEnd(10)}  ${basename(path).padEnd(22)}  ${rest}`);
  };
  const verbs = { move: 'moved', zip: 'zipped', delete: 'deleted', keep: 'kept', error: 'put aside' };

  pool.on('discovered', event => line('cyan', 'found', event, `${event.size} bytes`));
  pool.on('converted', event => line('cyan', 'converted', event, plural(event.reports, 'report')));
  pool.on('delivered', event => line('green', 'delivered', event, `as ${event.reports.map(shortId).join(', ')}`));
  pool.on('queuedOffline', event =>
    line('yellow', 'waiting', event, `${plural(event.waiting, 'report')} in the pending queue`),
  );
  pool.on('cleaned', event =>
    line('dim', verbs[event.action] ?? event.action, event, `to ${relative(root, event.target ?? '')}`),
  );
  pool.on('skipped', event =>
    line(
      'yellow',
      'skipped',
      event,
      event.duplicateOf ? `same content as ${basename(event.duplicateOf)}` : event.reason,
    ),
  );
  pool.on('failed', event => line('red', 'failed', event, event.error.message));
  pool.on('error', ({ error }) => say(paint('red', `           ${error.message}`)));
}

/** Resolves when the event has come `count` times from now. */
export function times(emitter, event, count) {
  return new Promise(resolve => {
    let left = count;
    const listener = () => {
      left -= 1;
      if (left > 0) return;
      emitter.off(event, listener);
      resolve();
    };
    emitter.on(event, listener);
  });
}

/** A table with a rule below its head; numbers to the right. */
export function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => String(row[column]).length)));
  const format = row =>
    row.map((cell, column) => (column === 0 ? String(cell).padEnd(widths[0]) : String(cell).padStart(widths[column])));
  say(`  ${paint('bold', format(head).join('   '))}`);
  say(`  ${widths.map(width => '-'.repeat(width)).join('   ')}`);
  for (const row of rows) say(`  ${format(row).join('   ')}`);
}

/** `1 report`, `2 reports`. */
export function plural(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function shortId({ serverId }) {
  return serverId === null ? 'unknown' : serverId.slice(0, 8);
}
