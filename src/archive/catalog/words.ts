/** The words by which entries are found: the same for what is stored and for what is asked. */
const SEPARATORS = /[^\p{L}\p{N}]+/u;
/** Longer ones are no words; what is asked is cut the same way. */
const MAX_WORD = 40;
/** Of a long error, the first words. */
const MAX_WORDS = 64;

/** Lower case, without accents, each once. SQLite's tokenizer, which knows ASCII alone, takes them as they are. */
export function wordsOf(...texts: readonly (string | null | undefined)[]): string {
  return [...new Set(texts.flatMap(text => split(text ?? '')))].slice(0, MAX_WORDS).join(' ');
}

/** The name's words without its ending, which nearly all have in common. */
export function wordsOfName(name: string): string {
  const dot = name.lastIndexOf('.');
  return wordsOf(dot > 0 ? name.slice(0, dot) : name);
}

/** An FTS query for all of these words, the last one as the beginning of a word. `undefined`: there is no word in it. */
export function matchOf(text: string | undefined, exact: string | undefined): string | undefined {
  const begun = split(text ?? '');
  const last = begun.pop();
  const words = [...begun, ...split(exact ?? '')];
  if (last !== undefined) words.push(`${last}*`);
  return words.length === 0 ? undefined : words.slice(0, MAX_WORDS).join(' ');
}

function split(text: string): string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.split(SEPARATORS).flatMap(word => (word === '' ? [] : [cut(word)]));
}

function cut(word: string): string {
  return word.length <= MAX_WORD ? word : [...word.slice(0, MAX_WORD)].filter(isWhole).join('');
}

/** Half of a surrogate pair is left where a word was cut. */
function isWhole(character: string): boolean {
  return !/^[\ud800-\udfff]$/.test(character);
}
