/**
 * Subtrees that have no tokens: proofs and salts, which nobody searches by, and the place in the log, which is the
 * row itself.
 */
export const UNINDEXED_SUBTREES: ReadonlySet<string> = new Set([
  'audit.commitments',
  'audit.integrity',
  'audit.ledger',
  'audit.openings',
]);

/** Fields without tokens: the time has an index of its own, the others are the same on every record. */
const UNINDEXED_FIELDS: ReadonlySet<string> = new Set([
  '@timestamp',
  'audit.schema.version',
  'ecs.version',
  'event.dataset',
  'event.module',
]);

/** Numbers that hardly ever repeat: only their magnitude is indexed. */
const MAGNITUDE_ONLY: ReadonlySet<string> = new Set([
  'audit.policy.skipped.numbers',
  'audit.sequence.number',
  'event.duration',
]);

/** Names that hardly ever repeat and are long: indexed by a short hash. */
const HASHED_FIELDS: ReadonlySet<string> = new Set(['audit.evidence.records', 'audit.record.id']);

/** Fields of free text whose values are one word, as a rule: that word is found by the token of the value. */
const ONE_WORD_FIELDS: readonly string[] = ['audit.session.id', 'service.name', 'span.id', 'trace.id'];

const UNINDEXED: readonly string[] = [...UNINDEXED_SUBTREES, ...UNINDEXED_FIELDS];

/** True where the document has no tokens for a field. */
export function isUnindexedField(field: string): boolean {
  return UNINDEXED_FIELDS.has(field);
}

/** True where tokens cannot tell whether a document has a value at the field or below it. */
export function isBeyondTokens(field: string): boolean {
  return UNINDEXED.some(
    (name) => name === field || name.startsWith(`${field}.`) || field.startsWith(`${name}.`),
  );
}

/** True where only the magnitude of a number has a token. */
export function isMagnitudeOnly(field: string): boolean {
  return MAGNITUDE_ONLY.has(field);
}

/** True where the value has a hashed token although it is in the clear. */
export function isHashedField(field: string): boolean {
  return HASHED_FIELDS.has(field);
}

/** True where a value that is one word has no token of that word. */
export function isOneWordField(field: string): boolean {
  return ONE_WORD_FIELDS.includes(field);
}

/** The fields of {@link isOneWordField}. */
export function oneWordFields(): readonly string[] {
  return ONE_WORD_FIELDS;
}
