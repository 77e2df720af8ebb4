/** Which files are a converter's, by their paths alone. */
import { basename } from 'node:path';
import picomatch, { type PicomatchOptions } from 'picomatch';
import { type DiscoveryOptions, type FilePattern, patternsOf } from './discovery-options.js';
import { neverData } from './never-data.js';

/** How globs match file names on a platform: as its own file systems do. `**` takes a newline as any other letter. */
function globOptions(platform: NodeJS.Platform = process.platform): PicomatchOptions {
  return { flags: platform === 'win32' || platform === 'darwin' ? 'is' : 's' };
}

/** Why a file (its path relative to the watch folder, with `/`) is refused, in words; `undefined` when it is not. */
export type FileFilter = (path: string) => string | undefined;

/**
 * The rules that go before the converter's own word.
 * @param platform Whose rules for case hold. Default: this one's.
 */
export function fileFilter(options: DiscoveryOptions, platform?: NodeJS.Platform): FileFilter {
  const { recursive = false, minDepth = 0, maxDepth = Number.POSITIVE_INFINITY } = options;
  const excluded = patternsOf(options.exclude).map(pattern => matcher(pattern, platform));
  const included = patternsOf(options.include).map(pattern => matcher(pattern, platform));
  return path => {
    const never = neverData(basename(path));
    if (never) return `it is ${never}`;
    const folders = path.split('/').slice(0, -1);
    if (!recursive && folders.length > 0) return 'it lies in a sub-folder and recursive is off';
    if (folders.some(folder => folder.startsWith('.'))) return 'it lies in a hidden folder';
    if (folders.length < minDepth) return `it lies ${folders.length} folders deep, and minDepth is ${minDepth}`;
    if (folders.length > maxDepth) return `it lies ${folders.length} folders deep, and maxDepth is ${maxDepth}`;
    if (excluded.some(matches => matches(path))) return 'it matches an exclude pattern';
    if (included.length > 0 && !included.some(matches => matches(path))) return 'it matches no include pattern';
    return undefined;
  };
}

function matcher(pattern: FilePattern, platform?: NodeJS.Platform): (path: string) => boolean {
  if (typeof pattern === 'function') return pattern;
  if (typeof pattern === 'string') return picomatch(pattern, globOptions(platform));
  // A copy without `g` and `y`, which would remember where the last match ended.
  const expression = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  return path => expression.test(path);
}
