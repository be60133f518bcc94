import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { addresses } from '../visualizations/addresses.ts';
import { clients } from '../visualizations/clients.ts';
import { failureCount } from '../visualizations/failure-count.ts';
import { lifecycle } from '../visualizations/lifecycle.ts';
import { privilegedActionCount } from '../visualizations/privileged-action-count.ts';
import { recordCount } from '../visualizations/record-count.ts';
import { requestsOverTime } from '../visualizations/requests-over-time.ts';
import { requestsSearch } from '../searches/requests.ts';
import { routes } from '../visualizations/routes.ts';
import { services } from '../visualizations/services.ts';
import { sessionCount } from '../visualizations/session-count.ts';
import { sessions } from '../visualizations/sessions.ts';
import { dashboard, TO_SESSION } from './dashboard.ts';

/** One person, in all sessions and services. */
export const person: SavedObject = dashboard({
  id: ids.person,
  title: 'One person',
  description: 'Everything that a person did: choose one above, or come from a link.',
  controls: [
    { title: 'Person', field: 'user.id' },
    { title: 'Actor (reference)', field: 'audit.actor.id' },
  ],
  panels: [
    { show: recordCount, width: 12, height: 6 },
    { show: sessionCount, width: 12, height: 6 },
    { show: failureCount, width: 12, height: 6 },
    { show: privilegedActionCount, width: 12, height: 6 },
    { show: requestsOverTime, width: 32, height: 12 },
    { show: clients, width: 16, height: 12 },
    { show: sessions, width: 48, height: 12, drilldown: TO_SESSION },
    { show: services, width: 24, height: 12 },
    { show: addresses, width: 24, height: 12 },
    { show: lifecycle, width: 24, height: 12 },
    { show: routes, width: 24, height: 12 },
    { show: requestsSearch, width: 48, height: 18 },
  ],
});
