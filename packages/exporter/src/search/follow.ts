import { openDocument, parseRecord } from '@spanledger/record';

import type { OpeningsReader } from '../openings.ts';
import type { SearchIndex, SearchIndexDriver } from './search-index.ts';

/** What `audit.integrity` says while nobody needs it: the index has no tokens of it. */
const NO_INTEGRITY = { hash: '', checkpointSize: 0 };

/**
 * Feeds a driver from the published log.
 *
 * @param openings - where the opened groups of the records are
 */
export function followLog(driver: SearchIndexDriver, openings: OpeningsReader): SearchIndex {
  return {
    name: 'index',
    position: () => driver.position(),
    candidates: (request) => driver.candidates(request),
    close: () => driver.close(),
    async process({ first, entries }) {
      const opened = await openings.read(first, first + entries.length);
      const records = entries.map((bytes, i) => {
        const index = first + i;
        return { index, document: openDocument(parseRecord(bytes), opened.get(index) ?? {}, NO_INTEGRITY) };
      });
      await driver.add(records, first + entries.length);
    },
  };
}
