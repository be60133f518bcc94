import { accessByPerson } from './access-by-person.ts';
import { actions } from './actions.ts';
import { actorTypes } from './actor-types.ts';
import { addresses } from './addresses.ts';
import { clients } from './clients.ts';
import { controlEvidence } from './control-evidence.ts';
import { failedLoginCount } from './failed-login-count.ts';
import { failedLoginReasons } from './failed-login-reasons.ts';
import { failureCount } from './failure-count.ts';
import { findingCount } from './finding-count.ts';
import { integrityEvents } from './integrity-events.ts';
import { keyChangeCount } from './key-change-count.ts';
import { lifecycle } from './lifecycle.ts';
import { loginCount } from './login-count.ts';
import { loginsOverTime } from './logins-over-time.ts';
import { logs } from './logs.ts';
import { lostRecordCount } from './lost-record-count.ts';
import { people } from './people.ts';
import { personCount } from './person-count.ts';
import { privilegedActionCount } from './privileged-action-count.ts';
import { privilegedPeople } from './privileged-people.ts';
import { producers } from './producers.ts';
import { recordCount } from './record-count.ts';
import { recordsByLog } from './records-by-log.ts';
import { recordsOverTime } from './records-over-time.ts';
import { requestsOverTime } from './requests-over-time.ts';
import { responseTimes } from './response-times.ts';
import { routes } from './routes.ts';
import { scopeMismatchCount } from './scope-mismatch-count.ts';
import { scopes } from './scopes.ts';
import { services } from './services.ts';
import { sessionCount } from './session-count.ts';
import { sessions } from './sessions.ts';
import { truncatedCount } from './truncated-count.ts';
import { unknownActorCount } from './unknown-actor-count.ts';
import { useAfterLogoutCount } from './use-after-logout-count.ts';
import { userAgents } from './user-agents.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';

/** What dashboards are made of. */
export const visualizations: readonly SavedObject[] = [
  accessByPerson,
  actions,
  actorTypes,
  addresses,
  clients,
  controlEvidence,
  failedLoginCount,
  failedLoginReasons,
  failureCount,
  findingCount,
  integrityEvents,
  keyChangeCount,
  lifecycle,
  loginCount,
  loginsOverTime,
  logs,
  lostRecordCount,
  people,
  personCount,
  privilegedActionCount,
  privilegedPeople,
  producers,
  recordCount,
  recordsByLog,
  recordsOverTime,
  requestsOverTime,
  responseTimes,
  routes,
  scopeMismatchCount,
  scopes,
  services,
  sessionCount,
  sessions,
  truncatedCount,
  unknownActorCount,
  useAfterLogoutCount,
  userAgents,
];
