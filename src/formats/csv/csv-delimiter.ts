/** Finds out what separates the cells of a table. */

const CANDIDATES = [';', '\t', ',', '|'] as const;
/** Looked at; more say nothing new. */
const LINES = 20;

/**
 * The character that separates the cells: the one that is found equally often in most of the first lines. A tie is won
 * by the one that comes first of `;`, tab, `,`, `|`; where there is none of them, it is `,`.
 * @param head The first lines of the text.
 */
export function detectDelimiter(head: string): string {
  const lines = withoutQuoted(head)
    .split(/\r\n|\n|\r/)
    .filter(line => line.trim() !== '')
    .slice(0, LINES);
  let best: string = ',';
  let bestLines = 0;
  for (const candidate of CANDIDATES) {
    const agreeing = mostCommon(lines.map(line => line.split(candidate).length - 1).filter(count => count > 0));
    if (agreeing > bestLines) {
      best = candidate;
      bestLines = agreeing;
    }
  }
  return best;
}

/** How often the most common of some numbers occurs. */
function mostCommon(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

function withoutQuoted(text: string): string {
  return text.replace(/"(?:[^"]|"")*"/g, '');
}
