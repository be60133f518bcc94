import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { accessByPerson } from '../visualizations/access-by-person.ts';
import { controlEvidence } from '../visualizations/control-evidence.ts';
import { failedLoginCount } from '../visualizations/failed-login-count.ts';
import { failedLoginReasons } from '../visualizations/failed-login-reasons.ts';
import { loginCount } from '../visualizations/login-count.ts';
import { loginsOverTime } from '../visualizations/logins-over-time.ts';
import { privilegedActionCount } from '../visualizations/privileged-action-count.ts';
import { privilegedActions } from '../searches/privileged-actions.ts';
import { privilegedPeople } from '../visualizations/privileged-people.ts';
import { scopeMismatchCount } from '../visualizations/scope-mismatch-count.ts';
import { scopeMismatches } from '../searches/scope-mismatches.ts';
import { unknownActorCount } from '../visualizations/unknown-actor-count.ts';
import { useAfterLogout } from '../searches/use-after-logout.ts';
import { useAfterLogoutCount } from '../visualizations/use-after-logout-count.ts';
import { dashboard, TO_PERSON } from './dashboard.ts';

/** What auditors ask for, in one place. */
export const compliance: SavedObject = dashboard({
  id: ids.compliance,
  title: 'Compliance summary',
  description: 'The questions that auditors ask, with numbers and the records behind them.',
  controls: [
    { title: 'Service', field: 'service.name' },
    { title: 'Issuer', field: 'oidc.issuer' },
  ],
  panels: [
    { show: loginCount, width: 8, height: 6 },
    { show: failedLoginCount, width: 8, height: 6 },
    { show: privilegedActionCount, width: 8, height: 6 },
    { show: scopeMismatchCount, width: 8, height: 6 },
    { show: useAfterLogoutCount, width: 8, height: 6 },
    { show: unknownActorCount, width: 8, height: 6 },
    { show: controlEvidence, width: 48, height: 16 },
    { show: accessByPerson, width: 24, height: 14, drilldown: TO_PERSON },
    { show: privilegedPeople, width: 24, height: 14, drilldown: TO_PERSON },
    { show: failedLoginReasons, width: 24, height: 12 },
    { show: loginsOverTime, width: 24, height: 12 },
    { show: privilegedActions, width: 48, height: 14 },
    { show: scopeMismatches, width: 48, height: 14 },
    { show: useAfterLogout, width: 48, height: 14 },
  ],
});
