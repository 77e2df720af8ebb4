/** Reading what a server says: the id of an accepted report, and its words about a refused one. */

/** The most that is kept of a server's words, in characters. */
const MAX_WORDS = 2_000;

/** A body as JSON where it is JSON, else as text, else nothing. */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Not every server answers in JSON; its text is the answer then.
    return text;
  }
}

/** The report's id in an answer: `{ID}`, `{id}`, `{uuid}`, `{Report_ID}`, or a list of one of these. */
export function reportId(answer: unknown): string | undefined {
  const body: unknown = Array.isArray(answer) && answer.length === 1 ? answer[0] : answer;
  if (typeof body !== 'object' || body === null) return undefined;
  for (const key of ['ID', 'id', 'uuid', 'Report_ID']) {
    const value = (body as Record<string, unknown>)[key];
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
  }
  return undefined;
}

/** A refusal's own words: the field that servers use for them, or the text as it is. */
export function serverWords(answer: unknown): string | undefined {
  const words = pickWords(answer);
  return words ? words.slice(0, MAX_WORDS) : undefined;
}

function pickWords(answer: unknown): string | undefined {
  if (typeof answer === 'string') return answer.trim();
  if (typeof answer !== 'object' || answer === null) return undefined;
  for (const key of ['message', 'Message', 'error', 'errors', 'detail', 'title']) {
    const value = (answer as Record<string, unknown>)[key];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  }
  return JSON.stringify(answer);
}
