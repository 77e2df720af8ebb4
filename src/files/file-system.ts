/** The seam through which all file access goes, so that a test can fail any operation and a host can replace them all. */
import type { StatsFs } from 'node:fs';
import fsp from 'node:fs/promises';

/** What the library asks of a file or folder. */
export interface FileStat {
  readonly size: number;
  /** Time of the last change of the content, in epoch ms. */
  readonly mtimeMs: number;
  /** Time of the last change of content or metadata, in epoch ms. */
  readonly ctimeMs: number;
  readonly ino: number;
  readonly dev: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** An open file. `FileHandle` of `node:fs/promises` fits. */
export interface OpenFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset?: number,
    length?: number,
    position?: number | null,
  ): Promise<{ bytesWritten: number }>;
  stat(): Promise<FileStat>;
  /** Content and metadata are on the disk when it resolves (fsync). */
  sync(): Promise<void>;
  /** Content and size are on the disk when it resolves (fdatasync). */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  utimes(atime: Date, mtime: Date): Promise<void>;
  close(): Promise<void>;
}

/** The file operations that the library uses; each rejects with Node's own errors (`code` is `ENOENT`, `ENOSPC`, …). */
export interface FileSystem {
  open(path: string, flags: string, mode?: number): Promise<OpenFile>;
  stat(path: string): Promise<FileStat>;
  lstat(path: string): Promise<FileStat>;
  readFile(path: string): Promise<Buffer>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string, options?: { recursive?: boolean; mode?: number }): Promise<unknown>;
  rmdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, created: string): Promise<void>;
  unlink(path: string): Promise<void>;
  realpath(path: string): Promise<string>;
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
