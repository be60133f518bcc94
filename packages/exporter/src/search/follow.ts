import type { FollowedRecords } from '../followed-records.ts';
import type { PurgedIn, SearchIndex, SearchIndexDriver } from './search-index.ts';

/**
 * Feeds a driver from the published log.
 *
 * @param records - reads what is followed
 * @param purgedIn - records that are not taken in
 */
export function followLog(
  driver: SearchIndexDriver,
  records: FollowedRecords,
  purgedIn: PurgedIn = () => new Set(),
): SearchIndex {
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
    async purge(indexes) {
      await driver.remove(indexes);
    },
    async process(batch) {
      const followed = await records.read(batch);
      const end = batch.first + batch.entries.length;
      const purged = purgedIn(batch.first, end);
      const kept = purged.size === 0 ? followed : followed.filter(({ index }) => !purged.has(index));
      const indexed = kept.map(({ index, record, openings }) => ({ index, document: record, openings }));
      await driver.add(indexed, end);
      // Their times are not known either.
      if (purged.size > 0) await driver.remove([...purged]);
    },
  };
}
