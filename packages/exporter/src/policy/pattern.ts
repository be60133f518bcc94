import { MAX_PATH_LENGTH } from './limits.ts';

/** Tells whether a text fits. */
export type TextTest = (text: string) => boolean;

/**
 * Makes a test of names: `*` stands for any characters, everything else for itself. It takes time in proportion to the
 * name, whatever the patterns are.
 *
 * @param patterns - one of them has to fit
 */
export function nameTest(patterns: readonly string[]): TextTest {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const globs = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'));
  if (globs.length === 0) return (text) => exact.has(text);
  return (text) => exact.has(text) || globs.some((parts) => fits(text, parts));
}

/**
 * Makes a test of routes and paths: `*` stands for any characters of one segment, and `/**` at the end for all that is
 * below, and for the route itself. Braces, colons and brackets of route templates stand for themselves, which is why this
 * is no glob of a shell. With one wildcard a segment at most there is nothing to try twice.
 *
 * @param patterns - one of them has to fit; {@link isRoutePattern} holds of each
 * @param ignoreCase - for paths as a caller wrote them
 */
export function routeTest(patterns: readonly string[], ignoreCase = false): TextTest {
  const any = new RegExp(`^(?:${patterns.map(routeSource).join('|')})$`, ignoreCase ? 'is' : 's');
  return (text) => any.test(text.length > MAX_PATH_LENGTH ? text.slice(0, MAX_PATH_LENGTH) : text);
}

/** Whether a text is a pattern of routes: one `*` a segment at most, and `**` only as the last segment. */
export function isRoutePattern(text: string): boolean {
  return /^(?:\/[^/*]*(?:\*[^/*]*)?)*(?:\/\*\*)?$/.test(text) && text.startsWith('/');
}

/** Whether a pattern of routes names something: its first segment has no wildcard. */
export function namesRoute(pattern: string): boolean {
  return /^\/(?:[^/*]+(?:\/|$)|$)/.test(pattern);
}

/**
 * A path as a server understands it: percent-encoding, doubled slashes and dot segments resolved, so that
 * `//%61dmin/./x` is `/admin/x`.
 */
export function plainPath(path: string): string {
  if (!/%|\/\/|\/\.|\\/.test(path)) return path;
  let text = path;
  try {
    text = decodeURIComponent(path);
  } catch {
    // Not UTF-8: as it is.
  }
  const segments: string[] = [];
  for (const segment of text.replaceAll('\\', '/').split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

/** Whether a text is made of these parts, with anything between each two. */
function fits(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}

function routeSource(pattern: string): string {
  const below = pattern.endsWith('/**') ? pattern.slice(0, -'/**'.length) : undefined;
  const source = (below ?? pattern).split('*').map(escapeText).join('[^/]*');
  return below === undefined ? source : `${source}(?:/.*)?`;
}

/** A text that stands for itself in a regular expression. */
function escapeText(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
