/**
 * What flows from intake to ledger: the canonical bytes of many records, end to end in one buffer, each still
 * without its `audit.ledger` member, which only the ledger's sequencer can know. Offsets instead of objects keep
 * the cost per record flat.
 */
export interface EntryBatch {
  /** How many entries the batch holds; at most {@link MAX_BATCH_ENTRIES}. */
  count: number;
  /** Canonical record bytes, end to end, without `audit.ledger`. */
  bytes: Uint8Array;
  /** `ends[i]` is the offset in `bytes` just past entry i. */
  ends: Uint32Array;
  /** `holes[i]` is the offset in `bytes` where entry i takes `"ledger":{…},` — just before its `"outcome"`, or `"lost"`. */
  holes: Uint32Array;
  /** The opened groups of the entries (JCS of {@link Openings}; `{}` when empty), end to end. */
  openings: Uint8Array;
  /** `openingEnds[i]` is the offset in `openings` just past those of entry i. */
  openingEnds: Uint32Array;
}

/** The most entries that one batch may hold. */
export const MAX_BATCH_ENTRIES = 65_536;

/** tlog-tiles: an entry carries a uint16 length. Counted with `audit.ledger` in place. */
export const MAX_ENTRY_BYTES = 65_535;

/** What is kept free of {@link MAX_ENTRY_BYTES} for the `"ledger":{…},` member that the sequencer adds. */
export const LEDGER_MEMBER_MAX_BYTES = 512;
