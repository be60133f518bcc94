import { MAX_LIMIT } from './options.ts';

const MAX_PAGE = 1000;

/** One page of an answer. */
export interface Page<T> {
  items: T[];
  /** Cursor of the next page; absent on the last. */
  next?: string;
}

/**
 * What an answer that was cut at its limit says on standard error, whatever form the answer itself has.
 *
 * @param found - how many items were shown
 */
export function renderMore(found: number): string {
  return `There are more; these are the first ${found}. --limit asks for more at once, at most ${MAX_LIMIT}.\n`;
}

/**
 * Follows an answer's pages until there is no more, or as many items as were asked for.
 *
 * @param ask - asks for one page of at most so many items, from a cursor on
 * @param limit - how many items in all
 * @param maxPage - the most items that may be asked for at a time
 * @returns the pages that hold anything
 */
export async function* pages<T>(
  ask: (limit: number, cursor?: string) => Promise<Page<T>>,
  limit: number,
  maxPage: number = MAX_PAGE,
): AsyncGenerator<T[]> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = await ask(Math.min(left, maxPage), cursor);
    left -= page.items.length;
    cursor = page.next;
    if (page.items.length > 0) yield page.items;
  } while (cursor !== undefined && left > 0);
}
