import type { JsonObject, RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

import { gauge } from './gauges.ts';
import { ownRecord, THE_SERVICE } from './own-record.ts';
import type { IndexVerification } from './search/elasticsearch/index.ts';
import { timestampOf } from './timestamp.ts';

/** What keeps the results of scheduled verifications needs. */
export interface IndexVerificationsOptions {
  /** Name of the data stream. */
  stream: string;
  /** Appends records; resolves once they are durable. */
  append: (draft: RecordDraft) => Promise<void>;
  log: Pick<Logger, 'error' | 'info'>;
}

/** Keeps what the scheduled verifications of the index in Elasticsearch find, and records it in the ledger. */
export class IndexVerifications {
  readonly #options: IndexVerificationsOptions;
  #last: IndexVerification | undefined;

  constructor(options: IndexVerificationsOptions) {
    this.#options = options;
  }

  /** A verification came to its end. */
  take(result: IndexVerification): void {
    const { append, log, stream } = this.#options;
    this.#last = result;
    const { compared, failures, first } = result;
    if (failures === 0) log.info({ compared }, 'the index in Elasticsearch is as the ledger has it');
    else log.error({ compared, failures, first }, 'the index in Elasticsearch differs from the ledger');
    append(verificationRecord(stream, result)).catch((error: unknown) => {
      log.error({ err: error }, 'the result of a verification of the index could not be recorded');
    });
  }

  /** The last result, for `/api/status`; undefined before the first. */
  describe(): JsonObject | undefined {
    if (this.#last === undefined) return undefined;
    const { atMs, compared, failures, complete, first } = this.#last;
    return {
      at: new Date(atMs).toISOString(),
      ok: failures === 0,
      compared,
      failures,
      complete,
      ...(first !== undefined && { first }),
    };
  }

  /** The same for a monitor. */
  metrics(): string[] {
    if (this.#last === undefined) return [];
    const { atMs, failures } = this.#last;
    return [
      ...gauge('spanledger_elasticsearch_verified_timestamp_seconds', 'When the index was verified last.', [
        [{}, atMs / 1000],
      ]),
      ...gauge('spanledger_elasticsearch_verification_failures', 'What differed from the ledger then.', [
        [{}, failures],
      ]),
    ];
  }
}

/** The record of a verification: what was compared, and how much differed. */
function verificationRecord(
  stream: string,
  { atMs, compared, failures, complete }: IndexVerification,
): RecordDraft {
  const outcome = failures === 0 ? 'success' : 'failure';
  const differ = `${failures}${complete ? '' : ' or more'}`;
  return ownRecord({
    id: `index-verification-${stream}-${atMs}`,
    timestamp: timestampOf(atMs),
    subject: THE_SERVICE,
    audit: { action: 'EXECUTE', outcome, target: { id: stream, type: 'search.index' } },
    event: {
      action: 'index.verified',
      category: ['configuration'],
      reason: `${compared} records compared, ${differ} differ`,
      type: ['info'],
    },
  });
}
