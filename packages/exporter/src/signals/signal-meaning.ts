/** What a kind of signal means in `audit.*` and `event.*`. */
export interface SignalMeaning {
  /** `event.action`. */
  action: string;
  /** `event.code`, where several kinds of signals share an action. */
  code?: string;
  /** `audit.action`. */
  verb: string;
  /** ECS `event.category` and `event.type`. */
  category: readonly string[];
  type: readonly string[];
}

/** A session ended, or all sessions of somebody. */
export const SESSION_ENDED: SignalMeaning = {
  action: 'oidc.session.ended',
  verb: 'LOGOUT',
  category: ['authentication', 'session'],
  type: ['end'],
};
