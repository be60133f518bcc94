import type { AlertsConfig, CompletenessConfig, ElasticsearchConfig } from '../config/index.ts';
import type { SessionsConfig } from '../sessions/index.ts';
import type { DerivedDraft } from '../derived-draft.ts';
import type { RefusedDraft } from '../outbox/index.ts';
import type { TargetConfig, TargetStatus } from '../notify/index.ts';
import type { RequestLoad } from '../request-load.ts';
import type { Problem } from './problem.ts';
import type { ErasureCounts } from './subject-eraser.ts';
import type { SubjectNames } from './subject-names.ts';
import type { RetentionAnswer, RetentionQuestion } from './retention-messages.ts';
import type { RetentionConfig } from '../retention/index.ts';
import type { IndexFollowerStatus, IndexNotice, IndexVerification } from '../search/elasticsearch/index.ts';

/** How the index in Elasticsearch is, and the stream of alerts beside it. */
export interface ElasticsearchStatus extends IndexFollowerStatus {
  alerts?: IndexFollowerStatus;
}

/** What the threads of the followers are started with. */
export interface FollowerThreadData {
  dataDirectory: string;
  /** Whether the thread of the requests is busy: of a {@link RequestLoad}. */
  requestLoad: RequestLoad['memory'];
  /** The key-encryption key where the environment brought it, base64. */
  environmentKek: string | undefined;
  /** How long sessions last. */
  sessions: SessionsConfig;
  /** Where records are indexed besides the embedded index. */
  elasticsearch?: ElasticsearchConfig | undefined;
  /** Whether records are held against rules, and which; undefined: they are not. */
  alerts?: AlertsConfig;
  /** Where alerts are sent. */
  deliver?: readonly TargetConfig[];
  /** When something that is not there counts as missing. */
  completeness: CompletenessConfig;
  /** How long records are kept; undefined: for ever. */
  retention?: RetentionConfig | undefined;
}

/** What the service tells every thread that follows the log. */
export type ToThread =
  /** So many entries are published. */
  | { kind: 'published'; size: number }
  /** Send what is derived, once so many entries are taken in. */
  | { kind: 'derive'; from: number }
  /** The records of the last message of what was derived are durable, or were refused. */
  | { kind: 'derived_settled'; again: readonly string[]; refused: readonly RefusedDraft[] }
  /** Reach the end of what is published, then follow no more. */
  | { kind: 'drain' }
  /** Close everything. */
  | { kind: 'stop' };

/** What every one of them tells the service. */
export type FromThread =
  /** Everything is open and followed. */
  | { kind: 'ready' }
  /** Records for the ledger; no more are sent until these are settled. */
  | { kind: 'derived'; drafts: DerivedDraft[] }
  | { kind: 'drained' }
  /** Something failed and is tried again. */
  | { kind: 'problem'; what: string; problem: Problem };

/** What the service tells the thread that holds records against rules. */
export type ToAlerts =
  | ToThread
  /** Say when so many entries are taken in. */
  | { kind: 'reach'; call: number; until: number }
  /** Somebody was erased: see to it that nothing is left of that, once so many entries are taken in. */
  | { kind: 'settle_erasure'; call: number; until: number; references: string[]; names: SubjectNames };

/** What that one tells the service. */
export type FromAlerts =
  | FromThread
  /** So many entries are taken in, and what was asked for then is done. */
  | { kind: 'reached'; call: number }
  | { kind: 'reach_failed'; call: number; problem: Problem }
  /** How the targets of alerts are. */
  | { kind: 'delivery_status'; statuses: TargetStatus[] }
  /** The log is shorter than what was delivered of it. */
  | { kind: 'delivery_cut_back' };

/** What the service tells the thread of the other followers. */
export type ToFollowers =
  | ToThread
  /** Move the openings of a closed journal segment into the vault. */
  | { kind: 'seal'; segment: string; end: number }
  /** Say what a subject (`audit.actor.id`) is called, once so many entries are taken in. */
  | { kind: 'gather'; call: number; reference: string; until: number }
  /** Say which records name it beside its own. */
  | { kind: 'mentions'; call: number; reference: string; names: SubjectNames; until: number }
  /** Destroy the key of a subject (`audit.actor.id`), and unlink its references. */
  | { kind: 'destroy_key'; call: number; reference: string }
  /** Then take what is known of its records out of everything else, once so many entries are taken in. */
  | { kind: 'erase'; call: number; reference: string; mentions: number[]; names: SubjectNames; until: number }
  /** Take it out of Elasticsearch as well, once that has taken in so many entries. */
  | { kind: 'erase_documents'; call: number; reference: string; mentions: number[]; until: number }
  /** Purge, or say what would be purged, once so many entries are taken in. */
  | ({ kind: 'retention'; call: number; until: number } & RetentionQuestion);

/** What that one tells the service. */
export type FromFollowers =
  | FromThread
  /** The segment is in the vault; `learned` are the blind keys of the references that went with it. */
  | { kind: 'sealed'; segment: string; learned: Uint8Array[] }
  | { kind: 'seal_failed'; segment: string; problem: Problem }
  /** A step of an erasure is done: these references stand for nobody any more. */
  | { kind: 'erased'; call: number; references: string[]; counts?: ErasureCounts }
  | { kind: 'gathered'; call: number; names: SubjectNames }
  | { kind: 'mentioned'; call: number; indexes: number[] }
  /** So many documents in Elasticsearch have no opened groups any more; undefined where there is none. */
  | { kind: 'documents_erased'; call: number; documents: number | undefined }
  | { kind: 'retention_answered'; call: number; answer: RetentionAnswer }
  | { kind: 'erasure_failed'; call: number; problem: Problem }
  /** How the index in Elasticsearch is. */
  | { kind: 'index_status'; status: IndexFollowerStatus }
  /** How the stream of alerts there is. */
  | { kind: 'alerts_index_status'; status: IndexFollowerStatus }
  /** Something about it that an operator is to be told of. */
  | { kind: 'index_notice'; notice: IndexNotice }
  /** A scheduled verification of it came to its end. */
  | { kind: 'index_verified'; result: IndexVerification };
