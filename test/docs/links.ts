/** Reading Markdown: its links, and the anchors that GitHub gives its headings. */

/** A Markdown text without its code, in which what looks like a link or a heading is none. */
function withoutCode(text: string): string {
  return text.replace(/^(```|~~~)[\s\S]*?^\1 *$/gm, '');
}

/** The targets of all links, as they are written. */
export function linksOf(text: string): string[] {
  const prose = withoutCode(text).replace(/`[^`\n]*`/g, code => code.replace(/[[\]()]/g, ' '));
  return [...prose.matchAll(/\[[^\]]*\]\(\s*([^)\s]+)[^)]*\)/g)].map(match => match[1] ?? '');
}

/** The anchors of all headings. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => {
    const anchor = slug(heading);
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** As GitHub makes it: lower case, without punctuation, with a hyphen for each space. */
function slug(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}
