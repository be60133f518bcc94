/** The most bytes of a name. */
export const MAX_NAME_BYTES = 255;

/** Where files are written before they are renamed to their place. No name of a stored file can be this. */
export const STAGING = '.staging';

/** Parts that begin with a letter or digit: none of them leads elsewhere, and none is a driver's own. */
const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

/** Whether a storage can have a file of this name. */
export function isName(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && NAME_PATTERN.test(name);
}

/**
 * Demands a name that a storage can have: parts of lower-case letters, digits, `.`, `_` and `-`, each beginning with a
 * letter or digit, with one `/` between them, 255 bytes in all.
 *
 * @throws TypeError
 */
export function checkName(name: string): void {
  if (!isName(name))
    throw new TypeError(`not a name of a stored file: ${JSON.stringify(name.slice(0, 300))}`);
}

/** {@link checkName}, for a folder: the top is called by the empty name. */
export function checkFolder(folder: string): void {
  if (folder !== '') checkName(folder);
}
