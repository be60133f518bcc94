import { firstPrivilegedAction } from './first-privileged-action.ts';
import { keyChange } from './key-change.ts';
import { passwordGuessing } from './password-guessing.ts';
import { recordsLost } from './records-lost.ts';
import { refreshTokenReuse } from './refresh-token-reuse.ts';
import { scopeProbing } from './scope-probing.ts';
import { sessionFromSeveralAddresses } from './session-from-several-addresses.ts';
import { unrecordedEvent } from './unrecorded-event.ts';
import { useAfterLogout } from './use-after-logout.ts';
import type { DetectionRule } from './detection-rule.ts';

/** All of them. */
export const detectionRules: readonly DetectionRule[] = [
  passwordGuessing,
  useAfterLogout,
  sessionFromSeveralAddresses,
  refreshTokenReuse,
  scopeProbing,
  firstPrivilegedAction,
  recordsLost,
  unrecordedEvent,
  keyChange,
];
