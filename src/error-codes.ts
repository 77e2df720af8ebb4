/** Every error code of the library, with what to do about it. Codes are API: they change only with a major version. */

const HINTS = {
  QUEUE_FULL: [
    'Wait until waiting reports were delivered, or bring the server back.',
    'Raise maxSize or maxBytes of the pending queue if the disk allows it.',
  ],
  QUEUE_CORRUPTED: [
    'Look at the .error file beside it, mend the JSON, and rename the file to end in .json.queued.',
    'If nobody edits files in the pending folder, check the disk.',
  ],
  QUEUE_CLOSED: ['Call start() before reports are enqueued, and stop enqueueing before stop().'],
  CONVERTER_FAILED: ['Read the message and the stack in the .error file, and run the converter on the file in a test.'],
  FILE_FORMAT: [
    'Open the file and compare it with what the converter expects.',
    'If the tester writes a new format, add it to the converter and raise its version: the file is taken up again.',
  ],
  REJECTED: ['Put the file into the folder of the converter that it belongs to, or teach this one to convert it.'],
  CONVERTER_CONFIG: ["Check the converter's name, supportedExtensions and arguments."],
  CONVERTER_TIMEOUT: ['Raise timeoutMs for this converter, or make convert() stop when context.signal aborts.'],
  CONVERTER_CRASHED: [
    'The file ended the process each time that it was converted. Run the converter on it alone and look for what kills it.',
    'Raise the version of the converter once it is mended: the file is taken up again.',
  ],
  CONVERTER_MEMORY: [
    'Read big files with source.lines() or source.stream(), or raise memoryLimitMb for this converter.',
    'If it grows from file to file, the converter keeps what it should let go.',
  ],
  SOURCE_UNREADABLE: ['Check the permissions of the file and whether another program keeps it open.'],
  SOURCE_TOO_SMALL: ['Find out why the tester writes such files. minSizeBytes and tooSmall say what happens to them.'],
  SOURCE_CHANGED: [
    'The file was still being written; it is converted again when it rests. Raise stabilityMs if this happens often.',
  ],
  COMPANION_MISSING: [
    'Put the file and all of its companions into the watch folder together.',
    "Raise waitMs of companions, or make it optional, or convert without it (late: 'convert').",
  ],
  SOURCE_IS_FOLDER: ['A folder has no content of its own: read the files in source.files.'],
  PULL_FAILED: [
    'Read the message: pull() of a ScheduledConverter threw it. It is repeated by itself, with growing delays.',
    'Check the address, the rights and the network of what it pulls from.',
  ],
  SUBMIT_TRANSIENT: [
    'Nothing needs to be done: the report is kept and sent again. If it goes on, check the network and the server.',
  ],
  SUBMIT_REFUSED: ["Read the server's words, mend the converter or the data, and call retryFailed()."],
  SUBMIT_UNAUTHORIZED: [
    'Check the token, the certificate and the rights of the account. Sending goes on by itself once they are right.',
  ],
  ARCHIVE_FAILED: ['Check the free space and the permissions of the archive folder.'],
  ARCHIVE_UNKNOWN: ['Look the id up with query(); ids of entries are never used twice.'],
  ARCHIVE_PURGED: ['The content was removed on purpose; the audit log of the archive says when and why.'],
  ARCHIVE_CLOSED: ['Use the archive before close(), and make a new ArchiveStorage afterwards.'],
  INTEGRITY: ['Check the disk. Restore the damaged blob from a backup, or purge the entry.'],
  STORE_LOCKED: [
    'Another process uses this folder: stop it, or give this one a folder of its own.',
    "Use onLocked: 'wait' for a hot standby that takes over when the first ends.",
  ],
  STORE_CLOSED: ['Open the store before it is used, and use it no longer once it is closed.'],
  STORE_DAMAGED: ['The damaged file was kept with the ending .damaged-…; send it with a bug report.'],
  STORE_TOO_NEW: ['A newer version of millrace wrote this file. Use that version, or a folder of its own.'],
  STORE_FAILED: ['Check the free space and the permissions of the data folder.'],
  CONFIG_INVALID: ['Correct each problem that is named; docs/guides/configuration.md lists every option.'],
  DISK_FULL: ['Free space on this disk. Intake goes on by itself when there is enough.'],
  NAME_ESCAPES: ['A name from outside would have led a write out of its folder. Nothing was written.'],
  POOL_STATE: ['Create a new pool after stop(); call start() once.'],
  POOL_STOPPING: ['The pool was stopped while this ran. The file is taken up at the next start.'],
  LISTENER_FAILED: ['An event listener of the host threw. Handle its errors inside it.'],
  HOOK_FAILED: ['A hook of the converter threw. Handle its errors inside it.'],
  WATCH_FAILED: ['Native file events do not work for this folder. Rescans go on; usePolling forces polling.'],
  LINK_ESCAPES: ['Copy the files into the watch folder, or watch the folder that the link leads to.'],
  FOLDER_MISSING: ['Create the folder or mount the share. The folder is picked up again by itself.'],
  FILE_OPERATION: ['Check the permissions of the folder and whether another program keeps the file open.'],
  UNKNOWN: ['It is no error of the library: read its message, its stack and its cause.'],
} as const satisfies Record<string, readonly string[]>;

/** Stable name of what went wrong. */
export type ErrorCode = keyof typeof HINTS;

/** What to do about an error with this code, one line each. */
export function hintsFor(code: ErrorCode): readonly string[] {
  return HINTS[code];
}

/** Where the guides say more about an error with this code: a path within the package, with its anchor. */
export function docsFor(code: ErrorCode): string {
  return `docs/guides/troubleshooting.md#${code.toLowerCase()}`;
}

/** Every code that an error of the library can have. */
export const ERROR_CODES = Object.keys(HINTS) as readonly ErrorCode[];
