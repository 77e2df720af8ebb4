/** Reads tables of separated values, row by row. This is the one place that knows the parser. */
import { pipeline, Readable } from 'node:stream';
import { CsvError, type Info, type Options, parse } from 'csv-parse';
import type { ConverterSource } from '../../converters/source.js';
import { unexpected } from '../place.js';
import { type ReadOptions, textPieces } from '../text-pieces.js';
import { detectDelimiter } from './csv-delimiter.js';

/** A row of a table. */
export interface CsvRow {
  /** The line on which it begins, counted from 1. */
  readonly line: number;
  /** Its cells, without quotes and the white space around them. */
  readonly cells: readonly string[];
}

/** How a table is written. */
export interface CsvFormat extends ReadOptions {
  /** What separates cells. Default: detected among `;`, tab, `,` and `|`. */
  delimiter?: string | undefined;
  /** What cells with delimiters or line ends are quoted with, doubled within them; `false` for none. Default `"`. */
  quote?: string | false | undefined;
  /** What lines that are no rows begin with, such as `#`. Default: there are none. */
  comment?: string | undefined;
}

/** A longer row is a quote that does not end. */
const MAX_ROW_CHARACTERS = 4 * 1024 * 1024;
/** Enough lines to detect the delimiter from. */
const HEAD_CHARACTERS = 16 * 1024;

/**
 * The rows of a table, of which empty lines are no part. Memory stays bounded however big the file is.
 * @throws FileFormatError with line, column and what was expected; the reason of `signal` when it aborts.
 */
export async function* readCsv(source: ConverterSource, format: CsvFormat = {}): AsyncGenerator<CsvRow> {
  const pieces = unixLines(textPieces(source, format));
  const head = await pieces.next();
  if (head.done) return;
  const { quote = '"', comment } = format;
  let lastLine = 0;
  const options: Options = {
    delimiter: format.delimiter ?? detectDelimiter(head.value.slice(0, HEAD_CHARACTERS)),
    record_delimiter: ['\n', '\r'],
    quote,
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
    ...(comment ? { comment, comment_no_infix: true } : {}),
    info: true,
    on_record: (cells, { lines }) => {
      lastLine = lines;
      return cells;
    },
  };
  const parser = parse(options);
  // What goes wrong ends the rows below, with the same error.
  pipeline(Readable.from(prepend(head.value, pieces)), parser, () => undefined);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      yield { line: info.lines - lineEndsIn(record), cells: record };
    }
  } catch (thrown) {
    throw thrown instanceof CsvError ? explained(source.name, lastLine + 1, thrown) : thrown;
  }
}

/** Line ends as `\n`, so that lines are counted rightly within quotes too. */
async function* unixLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let held = '';
  for await (const piece of pieces) {
    const text = held + piece;
    held = text.endsWith('\r') ? '\r' : '';
    yield (held ? text.slice(0, -1) : text).replaceAll('\r\n', '\n');
  }
  if (held) yield held;
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

function lineEndsIn(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) if (cell.includes('\n')) count += cell.split('\n').length - 1;
  return count;
}

/** @param rowLine The line on which the row begins. */
function explained(file: string, rowLine: number, error: CsvError): Error {
  const { lines, column } = error as CsvError & { lines?: number; column?: number };
  const place = { file, line: lines ?? 1, column: (Number(column) || 0) + 1 };
  switch (error.code as string) {
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return unexpected({ ...place, line: rowLine }, 'a quote that ends', undefined, error);
    case 'CSV_INVALID_CLOSING_QUOTE':
      return unexpected(place, 'a delimiter or a line end after a closing quote', undefined, error);
    case 'INVALID_OPENING_QUOTE':
      return unexpected(place, 'quotes around the whole cell, doubled where they are part of it', undefined, error);
    default:
      return unexpected(place, `a row of cells (${error.message})`, undefined, error);
  }
}
