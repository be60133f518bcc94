import type { FollowedRecords } from '../followed-records.ts';
import type { SearchIndex, SearchIndexDriver } from './search-index.ts';

/**
 * Feeds a driver from the published log.
 *
 * @param records - reads what is followed
 */
export function followLog(driver: SearchIndexDriver, records: FollowedRecords): SearchIndex {
  return {
    name: 'index',
    position: () => driver.position(),
    candidates: (request) => driver.candidates(request),
    tally: (request) => driver.tally(request),
    close: () => driver.close(),
    async erase({ records: erased }) {
      const taken = erased.filter(({ index }) => index < driver.position());
      await driver.add(
        taken.map(({ index, record }) => ({ index, document: record })),
        driver.position(),
      );
    },
    settleErasure: () => driver.settle(),
    async process(batch) {
      const followed = await records.read(batch);
      const indexed = followed.map(({ index, record, openings }) => ({ index, document: record, openings }));
      await driver.add(indexed, batch.first + batch.entries.length);
    },
  };
}
