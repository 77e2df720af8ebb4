/** What a converter sees of the file, set of files or folder that it converts. */
import type { Readable } from 'node:stream';

/** One of the files of a source that has several: in a folder, or the companion of another file. */
export interface SourceFile {
  /** Its path with `/`, relative to the source: to the folder, or to where the file lies that it accompanies. */
  readonly name: string;
  /** Absolute path. Read it through this object and not by its path: another program may replace it. */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** When the content last changed, by the clock of whoever wrote it. */
  readonly modifiedAt: Date;
  /** SHA-256 of the content, in lower-case hex. */
  sha256(): Promise<string>;
  /** As {@link ConverterSource.bytes}. */
  bytes(): Promise<Buffer>;
  /** As {@link ConverterSource.text}. */
  text(encoding?: string): Promise<string>;
  /** As {@link ConverterSource.lines}. */
  lines(encoding?: string): AsyncIterable<string>;
  /** As {@link ConverterSource.stream}. */
  stream(): Readable;
}

/**
 * The file to convert. All of `bytes`, `text`, `lines`, `stream` and `sha256` give the same content, which is the
 * content that the report's idempotency key is made from: a file that changes meanwhile fails the conversion with
 * `SOURCE_CHANGED` and is converted again when it rests.
 */
export interface ConverterSource {
  /** Absolute path of the file. Read it through this object and not by its path: another program may replace it. */
  readonly path: string;
  /** The file's name without its folder. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** When the content last changed, by the clock of whoever wrote it. */
  readonly modifiedAt: Date;
  /**
   * SHA-256 of the content, in lower-case hex. Of several files it is the SHA-256 over one line
   * `{sha256} {size} {name}\n` for each, the lines sorted by their bytes.
   */
  sha256(): Promise<string>;
  /**
   * All files of the source where it is a folder or a file with companions, by name; absent when it is one file. A folder has no
   * content of its own: there, `bytes`, `text`, `lines` and `stream` fail with `SOURCE_IS_FOLDER`.
   */
  readonly files?: readonly SourceFile[];
  /** The whole content. Files over some MiB are better read with `stream` or `lines`. */
  bytes(): Promise<Buffer>;
  /**
   * The whole content as text.
   * @param encoding A label of the Encoding Standard, such as `utf-8` or `windows-1252`. Default: a byte order mark
   * decides, else UTF-8 where the bytes are valid UTF-8, else Windows-1252. A byte order mark is not part of the text.
   */
  text(encoding?: string): Promise<string>;
  /** The text line by line, without line ends (`\n` or `\r\n`). Memory stays bounded however big the file is. */
  lines(encoding?: string): AsyncIterable<string>;
  /** The content as a stream. Memory stays bounded however big the file is. */
  stream(): Readable;
}
