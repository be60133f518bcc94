import { failedLogins } from './failed-logins.ts';
import { keyChanges } from './key-changes.ts';
import { reconciliationFindings } from './reconciliation-findings.ts';
import { recordsLost } from './records-lost.ts';
import { silence } from './silence.ts';
import { useAfterLogout } from './use-after-logout.ts';
import type { AlertRule } from './alert-rule.ts';

/** All of them. */
export const alertRules: readonly AlertRule[] = [
  failedLogins,
  useAfterLogout,
  recordsLost,
  reconciliationFindings,
  keyChanges,
  silence,
];
