import type { Lifecycle } from '../session/lifecycle.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import type { PendingAuthorizations } from './pending-authorizations.ts';

/** What recording an event takes. */
export interface EventContext {
  readonly lifecycle: Lifecycle;
  readonly sessions: SessionRegistry;
  readonly pending: PendingAuthorizations;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
