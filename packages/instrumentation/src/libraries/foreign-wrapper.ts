/** What an import-in-the-middle of any version appends to the URL of what it wraps. */
const FOREIGN_WRAPPER = /\?iitm=true$/;

/**
 * An old import-in-the-middle, as SDK 1.x brings it, wraps every module that is imported, and says so in the URL. Ours
 * knows its files by their own URLs; it takes the place of such a wrapper.
 *
 * @param url - As the hooks before ours have resolved it.
 * @param include - The files that we hook.
 */
export function unwrapped(url: string, include: readonly RegExp[]): string {
  const plain = url.replace(FOREIGN_WRAPPER, '');
  return include.some((pattern) => pattern.test(plain)) ? plain : url;
}
