/** Every way in which an index can differ from the ledger; {@link INDEX_FAILURE_MEANINGS} has a line about each. */
export type IndexFailureCode =
  | 'index_behind'
  | 'index_ahead'
  | 'index_inconsistent'
  | 'indexed_record_missing'
  | 'indexed_record_foreign'
  | 'indexed_record_altered'
  | 'indexed_record_duplicated'
  | 'indexed_record_refused'
  | 'indexed_times_altered'
  | 'indexed_fields_altered'
  | 'session_missing'
  | 'session_foreign'
  | 'session_altered'
  | 'token_missing'
  | 'token_foreign'
  | 'token_altered'
  | 'disclosure_foreign'
  | 'disclosures_unreadable'
  | 'purge_unrecorded';

/** What each code means, as one sentence. */
export const INDEX_FAILURE_MEANINGS: Readonly<Record<IndexFailureCode, string>> = {
  index_behind: 'Not all records of the ledger were taken in, so that searches do not find them.',
  index_ahead: 'More records were taken in than the ledger has: it was cut back, or restored alone.',
  index_inconsistent: 'The file does not hold together, so that searches may miss what is in it.',
  indexed_record_missing: 'A record of the ledger was removed: searches do not find it.',
  indexed_record_foreign: 'A record was added that the ledger does not have.',
  indexed_record_altered: 'A record is found by other values than it has, or not by all that it has.',
  indexed_record_duplicated: 'A record is in the index more than once: searches find and count it twice.',
  indexed_record_refused:
    'The index did not take a record: searches do not find it, spanledger reindex tries again.',
  indexed_times_altered: 'Records are found at other times than they have, or not at their own.',
  indexed_fields_altered:
    'Records are found by the presence of fields that they do not have, or not by those they have.',
  session_missing: 'A session of which the ledger has records was removed.',
  session_foreign: 'A session was added of which the ledger has no records.',
  session_altered: 'A session is told otherwise than its records tell it.',
  token_missing: 'A token that records of the ledger name was removed.',
  token_foreign: 'A token was added that no record of the ledger names.',
  token_altered: 'A token is told otherwise than its records tell it.',
  disclosure_foreign:
    'The vault has for a record what the record did not commit to: of another record, or changed.',
  disclosures_unreadable: 'The vault cannot be read, so that nothing can be said about what follows it.',
  purge_unrecorded:
    'Records are marked as purged, and kept out of the index, of which the log does not say so.',
};

/** One thing that is not as the ledger has it. */
export interface IndexFailure {
  code: IndexFailureCode;
  place: {
    /** Ledger index of the record, or of the first one. */
    index?: number;
    /** `audit.session.id`. */
    session?: string;
    /** In Elasticsearch: the `_id` of the document, and the index that it is in. */
    id?: string;
    backing?: string;
  };
  /** What was found at this place, as one sentence. */
  detail: string;
}

/** What `verifyIndex` finds. */
export interface IndexReport {
  /** True if and only if there is no failure. */
  ok: boolean;
  /** How many entries the ledger's checkpoint covers. */
  size: number;
  /** How many records of the ledger were compared with the index. */
  compared: number;
  /** At most {@link MAX_INDEX_FAILURES}. */
  failures: IndexFailure[];
  /** False if there are more failures than are listed, or the comparison could not be finished. */
  complete: boolean;
  /** In Elasticsearch: documents of other logs in the same stream, by origin. They were not compared. */
  others?: Record<string, number>;
  elapsedMs: number;
}

/** The most failures that a report lists. */
export const MAX_INDEX_FAILURES = 1000;
