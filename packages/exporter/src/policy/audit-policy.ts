/**
 * An audit policy: how closely which calls are watched. docs/policy.md describes the file that it is read from; the
 * spirit is that of Kubernetes' audit policies: ordered rules, of which the first that matches counts.
 */

/** How much of a record is kept; `none` leaves the span out, and it is counted. */
export const POLICY_LEVELS = ['none', 'metadata', 'request', 'full'] as const;

/** One of {@link POLICY_LEVELS}. */
export type PolicyLevel = (typeof POLICY_LEVELS)[number];

/** What an alert that rests on a record is to count as, from the least. */
export const POLICY_SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

/** One of {@link POLICY_SEVERITIES}. */
export type PolicySeverity = (typeof POLICY_SEVERITIES)[number];

/** What a rule asks of a call. Of each list one item has to fit; a list that is absent asks nothing. */
export interface PolicyMatch {
  role?: readonly string[] | undefined;
  scope?: readonly string[] | undefined;
  client?: readonly string[] | undefined;
  service?: readonly string[] | undefined;
  route?: readonly string[] | undefined;
  method?: readonly string[] | undefined;
  outcome?: readonly string[] | undefined;
  action?: readonly string[] | undefined;
}

/** One rule. */
export interface PolicyRule {
  name: string;
  match: PolicyMatch;
  level: PolicyLevel;
  /** At level `request`: names of the attributes that are kept, `*` for any characters. */
  attributes: readonly string[];
  /** Name of the class after which retention is decided. */
  retention: string | undefined;
  severity: PolicySeverity | undefined;
}

/** A route that only some may reach. */
export interface ProtectedRoute {
  /** Where it stands in the file, e.g. `protect[0]`. */
  field: string;
  route: readonly string[];
  method: readonly string[] | undefined;
  service: readonly string[] | undefined;
  /** Who may reach it: anybody with one of these roles. Undefined: the role does not matter. */
  roles: readonly string[] | undefined;
  /** One of these scopes is needed. Undefined: none is. */
  scopes: readonly string[] | undefined;
}

/** Which scopes a client may ask for. */
export interface ClientScopes {
  client: string;
  scopes: readonly string[];
}

/** A policy as its file says it: complete and checked. */
export interface AuditPolicy {
  /** SHA-256 of the file's bytes, hex. */
  sha256: string;
  /** The file. */
  text: string;
  rules: readonly PolicyRule[];
  /** For what no rule matches. */
  fallback: PolicyRule;
  protectedRoutes: readonly ProtectedRoute[];
  clients: readonly ClientScopes[];
}

/** The name that records carry where no rule matched; no rule of a file may have it. */
export const FALLBACK_RULE = 'default';
