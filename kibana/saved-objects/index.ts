import { compliance } from '../dashboards/compliance.ts';
import { integrity } from '../dashboards/integrity.ts';
import { overview } from '../dashboards/overview.ts';
import { person } from '../dashboards/person.ts';
import { session } from '../dashboards/session.ts';
import { alertsView } from '../data-views/alerts.ts';
import { auditView } from '../data-views/audit.ts';
import { tracesView } from '../data-views/traces.ts';
import { auditRecords } from '../searches/audit-records.ts';
import { failedLogins } from '../searches/failed-logins.ts';
import { privilegedActions } from '../searches/privileged-actions.ts';
import { reconciliationFindings } from '../searches/reconciliation-findings.ts';
import { requestsSearch } from '../searches/requests.ts';
import { scopeMismatches } from '../searches/scope-mismatches.ts';
import { spans } from '../searches/spans.ts';
import { useAfterLogout } from '../searches/use-after-logout.ts';
import { visualizations } from '../visualizations/index.ts';
import type { SavedObject } from './saved-object.ts';

/** What is imported into Kibana, in the order in which it is written. */
export const savedObjects: readonly SavedObject[] = [
  auditView,
  alertsView,
  tracesView,
  auditRecords,
  requestsSearch,
  failedLogins,
  privilegedActions,
  useAfterLogout,
  scopeMismatches,
  reconciliationFindings,
  spans,
  ...visualizations,
  overview,
  session,
  person,
  compliance,
  integrity,
];
