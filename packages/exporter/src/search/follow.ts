import type { FollowedRecords } from '../followed-records.ts';
import type { PurgedIn, SearchIndex, SearchIndexDriver } from './search-index.ts';

/** What is not taken in. */
export interface FollowedExceptions {
  /** Records that were purged. */
  purgedIn?: PurgedIn | undefined;
  /** Whose records have no opened groups any more, though these may be on their way still: by `audit.actor.id`. */
  isErased?: ((reference: string) => boolean) | undefined;
}

/**
 * Feeds a driver from the published log.
 *
 * @param records - reads what is followed
 * @param exceptions - what is not taken in
 */
export function followLog(
  driver: SearchIndexDriver,
  records: FollowedRecords,
  { purgedIn = () => new Set(), isErased = () => false }: FollowedExceptions = {},
): SearchIndex {
  return {
    name: 'index',
    position: () => driver.position(),
    candidates: (request) => driver.candidates(request),
    tally: (request) => driver.tally(request),
    close: () => driver.close(),
    prepareErasure: (prepared) => driver.prepareErasure(prepared),
    erase: ({ records: erased }) => driver.erase(erased.map(({ index }) => index)),
    settleErasure: () => driver.settle(),
    purge: (purged) => driver.remove(purged),
    async process(batch) {
      const followed = await records.read(batch);
      const end = batch.first + batch.entries.length;
      const purged = purgedIn(batch.first, end);
      const kept = purged.size === 0 ? followed : followed.filter(({ index }) => !purged.has(index));
      const indexed = kept.map(({ index, record, openings }) => ({
        index,
        document: record,
        // What was on its way while the person was erased.
        ...(!isErased(record.audit.actor.id) && { openings }),
      }));
      await driver.add(indexed, end);
      // Their times are not known either.
      if (purged.size > 0) await driver.passOver([...purged]);
    },
  };
}
