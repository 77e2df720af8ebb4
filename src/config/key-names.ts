/** Keys of a configuration file: two spellings of one name. */

/** `watch_folder` and `watch-folder` as `watchFolder`; what is in that spelling already stays as it is. */
export function camelCase(key: string): string {
  return key.replace(/(?<=[A-Za-z0-9])[_-]+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `watchFolder` as `watch_folder`. */
export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}
