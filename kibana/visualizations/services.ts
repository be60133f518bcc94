import { count, percentile, terms, uniqueCount } from '../lens/column.ts';
import { table } from '../lens/table.ts';
import { REQUESTS } from '../saved-objects/queries.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** Which service reported how much, and how fast it answers. */
export const services: SavedObject = table({
  id: 'spanledger-services',
  title: 'Services',
  query: REQUESTS,
  columns: {
    service: terms('Service', 'service.name', 'requests', 20),
    requests: count('Requests'),
    failures: count('Failures', 'event.outcome : "failure"'),
    people: uniqueCount('People', 'user.id'),
    duration: percentile('Duration, 95th percentile', 'event.duration', 95),
  },
});
