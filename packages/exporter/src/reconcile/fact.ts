/** What can have happened to a session or a token so that both sides know of it. */
export type FactKind =
  | 'grant.refused'
  | 'session.ended'
  | 'session.started'
  | 'token.issued'
  | 'token.refreshed'
  | 'token.revoked';

/** Something that happened, by the ids that both sides know it by. */
export interface Fact {
  kind: FactKind;
  /** What joins the two sides: a token's id, a session's id and its client … */
  key: string;
}

/** An event that the provider kept. */
export interface ProviderEvent {
  /** Unique at the provider. */
  id: string;
  /** Milliseconds since the epoch, by the provider's clock. */
  atMs: number;
  /** As the provider names it, e.g. `CODE_TO_TOKEN`. */
  type: string;
  outcome: 'success' | 'failure';
  /** ECS `event.category`. */
  category: readonly string[];
  /** The first is what the ledger must have; the others explain records of the ledger. None: no application sees it. */
  facts: readonly Fact[];
  clientId?: string;
  userId?: string;
  userName?: string;
  sessionId?: string;
  tokenId?: string;
  grantType?: string;
  /** IP address of whoever asked. */
  address?: string;
  /** The provider's code, e.g. `invalid_user_credentials`. */
  error?: string;
  /** What else it says, to be committed to and not shown. */
  details: Readonly<Record<string, string>>;
}

/** A record of the ledger that the provider should know of. */
export interface LedgerFact {
  /** `audit.record.id`. */
  recordId: string;
  /** Milliseconds since the epoch, by the application's clock. */
  atMs: number;
  /** `event.action`. */
  action: string;
  /** Any of them at the provider is enough. */
  facts: readonly Fact[];
  clientId?: string;
  userId?: string;
  sessionId?: string;
  tokenId?: string;
}

/** A span of time: from its first millisecond since the epoch to the first one after it. */
export interface Window {
  fromMs: number;
  toMs: number;
}

/** What either side has and the other has not. */
export interface ReconciliationReport extends Window {
  provider: 'keycloak';
  issuer: string;
  /** Events of the provider in the window, without those that no record can answer to. */
  providerEvents: number;
  /** Records of the ledger in the window that the provider should know of. */
  ledgerRecords: number;
  missingInLedger: readonly ProviderEvent[];
  missingAtProvider: readonly LedgerFact[];
}
