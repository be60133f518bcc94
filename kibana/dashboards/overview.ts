import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { actions } from '../visualizations/actions.ts';
import { actorTypes } from '../visualizations/actor-types.ts';
import { failedLogins } from '../searches/failed-logins.ts';
import { failureCount } from '../visualizations/failure-count.ts';
import { loginsOverTime } from '../visualizations/logins-over-time.ts';
import { people } from '../visualizations/people.ts';
import { personCount } from '../visualizations/person-count.ts';
import { recordCount } from '../visualizations/record-count.ts';
import { recordsOverTime } from '../visualizations/records-over-time.ts';
import { responseTimes } from '../visualizations/response-times.ts';
import { services } from '../visualizations/services.ts';
import { sessionCount } from '../visualizations/session-count.ts';
import { sessions } from '../visualizations/sessions.ts';
import { dashboard, TO_PERSON, TO_SESSION } from './dashboard.ts';

/** What happens, by whom, and how it ends. */
export const overview: SavedObject = dashboard({
  id: ids.overview,
  title: 'Overview',
  description: 'Who does what, in all services.',
  controls: [
    { title: 'Service', field: 'service.name' },
    { title: 'Environment', field: 'service.environment' },
  ],
  panels: [
    { show: recordCount, width: 12, height: 6 },
    { show: personCount, width: 12, height: 6 },
    { show: sessionCount, width: 12, height: 6 },
    { show: failureCount, width: 12, height: 6 },
    { show: recordsOverTime, width: 32, height: 12 },
    { show: actorTypes, width: 16, height: 12 },
    { show: loginsOverTime, width: 24, height: 12 },
    { show: services, width: 24, height: 12 },
    { show: people, width: 24, height: 14, drilldown: TO_PERSON },
    { show: sessions, width: 24, height: 14, drilldown: TO_SESSION },
    { show: actions, width: 24, height: 14 },
    { show: responseTimes, width: 24, height: 14 },
    { show: failedLogins, width: 48, height: 14 },
  ],
});
