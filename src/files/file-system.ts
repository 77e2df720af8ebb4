/** The seam through which all file access goes, so that a test can fail any operation and a host can replace them all. */
import type { StatsFs } from 'node:fs';
import fsp from 'node:fs/promises';

/** What the library asks of a file or folder. */
export interface FileStat {
  /** In bytes. */
  readonly size: number;
  /** Time of the last change of the content, in epoch ms. */
  readonly mtimeMs: number;
  /** Time of the last change of content or metadata, in epoch ms. */
  readonly ctimeMs: number;
  /** The file's number on its volume, the same through a rename; 0 where the file system has none. */
  readonly ino: number;
  /** The number of the volume. */
  readonly dev: number;
  /** A regular file. */
  isFile(): boolean;
  /** A folder. */
  isDirectory(): boolean;
  /** A symbolic link; only `lstat` tells of them. */
  isSymbolicLink(): boolean;
}

/** An open file. `FileHandle` of `node:fs/promises` fits. */
export interface OpenFile {
  /** Reads up to `length` bytes into `buffer` at `offset`, from `position` or, with null, from where the last read ended. 0 bytes: the end. */
  read(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }>;
  /** Writes bytes of `buffer`; it may write fewer than asked for. Without `position`, where the last write ended. */
  write(
    buffer: Uint8Array,
    offset?: number,
    length?: number,
    position?: number | null,
  ): Promise<{ bytesWritten: number }>;
  /** What is known of the file that is open, whatever its name is now. */
  stat(): Promise<FileStat>;
  /** Content and metadata are on the disk when it resolves (fsync). */
  sync(): Promise<void>;
  /** Content and size are on the disk when it resolves (fdatasync). */
  datasync(): Promise<void>;
  /** Cuts or extends the file to `length` bytes. */
  truncate(length: number): Promise<void>;
  /** Sets the times of the last access and the last change. */
  utimes(atime: Date, mtime: Date): Promise<void>;
  /** Lets go of the file. */
  close(): Promise<void>;
}

/** The file operations that the library uses; each rejects with Node's own errors (`code` is `ENOENT`, `ENOSPC`, …). */
export interface FileSystem {
  /** Opens a file. @param flags As in Node: `r`, `wx` (create, `EEXIST` when it is there), `a`, …, or a number of `O_` flags. @param mode Of a new file. */
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>;
  /** What is known of a file or folder; links are followed. */
  stat(path: string): Promise<FileStat>;
  /** As `stat`, of the link itself. */
  lstat(path: string): Promise<FileStat>;
  /** The whole content. */
  readFile(path: string): Promise<Buffer>;
  /** The names in a folder, in any order. */
  readdir(path: string): Promise<string[]>;
  /** Creates a folder; with `recursive` those above it, too, and one that is there is no error. */
  mkdir(path: string, options?: { recursive?: boolean; mode?: number }): Promise<unknown>;
  /** Removes an empty folder. */
  rmdir(path: string): Promise<void>;
  /** Renames at once and within one volume (`EXDEV`), replacing what has the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; `EEXIST` when that is taken. */
  link(existing: string, created: string): Promise<void>;
  /** Removes a name of a file. */
  unlink(path: string): Promise<void>;
  /** The path without links. */
  realpath(path: string): Promise<string>;
  /** Size and free space of the volume, in blocks of `bsize` bytes. */
  statfs(path: string): Promise<Pick<StatsFs, 'bavail' | 'blocks' | 'bsize'>>;
}

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => fsp.open(path, flags, mode),
  stat: path => fsp.stat(path),
  lstat: path => fsp.lstat(path),
  readFile: path => fsp.readFile(path),
  readdir: path => fsp.readdir(path),
  mkdir: (path, options) => fsp.mkdir(path, options),
  rmdir: path => fsp.rmdir(path),
  rename: (from, to) => fsp.rename(from, to),
  link: (existing, created) => fsp.link(existing, created),
  unlink: path => fsp.unlink(path),
  realpath: path => fsp.realpath(path),
  statfs: path => fsp.statfs(path),
};

/** Mode of the files that the library keeps for itself: the owner's alone. */
export const PRIVATE_FILE = 0o600;
/** Mode of the folders that the library keeps for itself: the owner's alone. */
export const PRIVATE_FOLDER = 0o700;
