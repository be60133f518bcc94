import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { addresses } from '../visualizations/addresses.ts';
import { auditRecords } from '../searches/audit-records.ts';
import { lifecycle } from '../visualizations/lifecycle.ts';
import { requestsOverTime } from '../visualizations/requests-over-time.ts';
import { routes } from '../visualizations/routes.ts';
import { scopes } from '../visualizations/scopes.ts';
import { sessions } from '../visualizations/sessions.ts';
import { userAgents } from '../visualizations/user-agents.ts';
import { dashboard } from './dashboard.ts';

/** One session, from its start to its end. */
export const session: SavedObject = dashboard({
  id: ids.session,
  title: 'One session',
  description: 'Everything that was done in a session: choose one above, or come from a link.',
  controls: [
    { title: 'Session', field: 'audit.session.id' },
    { title: 'Session id of the provider', field: 'oidc.session.id' },
  ],
  panels: [
    { show: sessions, width: 48, height: 8 },
    { show: lifecycle, width: 24, height: 14 },
    { show: requestsOverTime, width: 24, height: 14 },
    { show: routes, width: 24, height: 14 },
    { show: addresses, width: 24, height: 14 },
    { show: scopes, width: 16, height: 12 },
    { show: userAgents, width: 32, height: 12 },
    { show: auditRecords, width: 48, height: 18 },
  ],
});
