/** What must be true of the archive when a station has nothing left to do: each source once, sound, with its end and its reports. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ArchiveStorage } from 'millrace';
import { archiveOf } from './station.js';

/** A source that must be in the archive. `content` is compared where it is one file. */
interface Expected {
  name: string;
  kind: string;
  content: string;
}

/** Everything that is wrong with it. @param root The station's. */
export async function archiveProblems(root: string, expected: readonly Expected[]): Promise<string[]> {
  await using archive = new ArchiveStorage({ directory: archiveOf(root) });
  const { damaged } = await archive.verify({ percent: 100 });
  const problems = damaged.map(({ path, problem }) => `archive: ${problem} ${path}`);
  const { entries } = await archive.query({ limit: 1_000 });
  if (entries.length !== expected.length)
    problems.push(`archive: ${entries.length} entries of ${expected.length} files`);
  for (const file of expected) {
    const entry = entries.find(({ sourcePath }) => basename(sourcePath) === file.name);
    if (!entry) {
      problems.push(`archive: no entry of ${file.name}`);
      continue;
    }
    const restored = await archive.restoreSource(entry.archiveId, join(root, 'restored'));
    if ((await stat(restored)).isFile() && (await readFile(restored, 'utf8')) !== file.content) {
      problems.push(`archive: ${file.name} is another one`);
    }
    const reports = { two: 2, bad: 0 }[file.kind] ?? 1;
    if (entry.reports !== reports) problems.push(`archive: ${entry.reports} reports of ${file.kind} ${file.name}`);
    const delivered = file.kind !== 'bad';
    if ((entry.deliveredAt !== null) !== delivered || entry.status !== (delivered ? 'success' : 'rejected')) {
      problems.push(`archive: ${file.kind} ${file.name} is ${entry.status}, delivered ${entry.deliveredAt}`);
    }
  }
  return problems;
}
