/** Bytes of a policy file: its text stands in one record. */
export const MAX_POLICY_BYTES: number = 48 * 1024;

/** Rules of one policy, and protected routes. */
export const MAX_RULES = 256;

/** Clients whose scopes are declared. */
export const MAX_CLIENTS = 512;

/** Items of one list of a policy. */
export const MAX_ITEMS = 128;

/** UTF-16 code units of one name, pattern or scope. */
export const MAX_NAME_LENGTH = 256;

/** UTF-16 code units of a path that are looked at; a longer one is matched by its beginning. */
export const MAX_PATH_LENGTH = 2048;

/** Different calls (service, client, action, method, outcome, route) whose rules are kept ready. */
export const MAX_CACHED_CALLS = 8192;

/** Sessions whose roles and scopes are kept in mind for spans that do not carry them. */
export const MAX_REMEMBERED_SESSIONS = 16_384;

/** Spans that are left out within one window; a window that has more ends early. */
export const MAX_WINDOW_SPANS = 65_536;

/** Examples of each count of a trial. */
export const MAX_TRIAL_EXAMPLES = 3;

/** Pairs of a client and a scope that a report follows. */
export const MAX_REPORTED_SCOPES = 10_000;
