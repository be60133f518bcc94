import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { dataView, NANOSECONDS } from './data-view.ts';
import { RECORD_LINKS } from './links.ts';

/** The alerts of every namespace: a record's fields, and the rule that was broken. */
export const alertsView: SavedObject = dataView({
  id: ids.alerts,
  name: 'Spanledger: alerts',
  pattern: 'logs-spanledger.alerts-*',
  formats: { ...RECORD_LINKS, 'event.duration': NANOSECONDS },
});
