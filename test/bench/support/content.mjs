/** The files of the benches. */
const ROWS = 10;

/** The text of file number `n`: a header and measurements of some 27 bytes each; with ten, it has some 300 bytes. */
export function content(n, count = ROWS) {
  const rows = Array.from({ length: count }, (_, row) => `Voltage ${row};${(n * 31 + row * 7) % 5_000};0;4999;V`);
  return `SN;SN-${String(n).padStart(8, '0')}\n${rows.join('\n')}\n`;
}

/** What a user's converter does with it. */
export function toReport(text) {
  const [head, ...rows] = text.trimEnd().split('\n');
  const steps = rows.map(row => {
    const [name, value, low, high, unit] = row.split(';');
    return { name, value: Number(value), low: Number(low), high: Number(high), unit };
  });
  return {
    sn: head.split(';')[1],
    pn: 'PART-1',
    result: steps.every(({ value, low, high }) => low <= value && value <= high) ? 'P' : 'F',
    steps,
  };
}
