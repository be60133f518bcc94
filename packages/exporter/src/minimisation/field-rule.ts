/** What may be done with a field before anything of it is stored. */
export const FIELD_ACTIONS = ['keep', 'pseudonymise', 'truncate', 'drop'] as const;

/** One of {@link FIELD_ACTIONS}. */
export type FieldAction = (typeof FIELD_ACTIONS)[number];

/** Rules of one configuration. */
export const MAX_FIELD_RULES = 256;

/** Fields, services or routes that one rule names. */
export const MAX_RULE_NAMES = 256;

/** Characters of such a name. */
export const MAX_RULE_NAME_LENGTH = 255;

/** What is done with some fields. Of several rules that are about one field the first counts. */
export interface FieldRule {
  /**
   * Fields as the documents have them, e.g. `client.address` or `attributes.order.note`; `user.*` is all below `user`, and
   * `identity`, `network`, `content` stand for all fields of the group.
   */
  fields: readonly string[];
  action: FieldAction;
  /** Only in records of these services (`service.name`); undefined: of all. */
  services?: readonly string[] | undefined;
  /** Only in records of these routes (`http.route`), `*` for any characters; undefined: of all. */
  routes?: readonly string[] | undefined;
}
