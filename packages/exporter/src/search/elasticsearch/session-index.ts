import type { Client } from '@elastic/elasticsearch';
import { ExporterError } from '../../errors.ts';
import { readItem } from './bulk-items.ts';
import { MISSING_HINT } from './request-failure.ts';
import { requestOptions } from './request-options.ts';
import type { SessionIndex } from './session-copier.ts';
import { readIdentity } from './stream-identity.ts';

const REQUEST_TIMEOUT_MS = 30_000;

/** What is known of the index of the sessions. */
export interface SessionIndexOptions {
  /** May index documents. */
  writer: Client;
  /** Tells which cluster and index it is. */
  reader: Client;
  /** Name of the index. */
  name: string;
  /** {@link originDigest} of the log: several logs may share an index. */
  digest: string;
}

/** The index of the sessions in an Elasticsearch: a document each, under the log and `audit.session.id`. */
export function openSessionIndex({ writer, reader, name, digest }: SessionIndexOptions): SessionIndex {
  return {
    async identify(signal) {
      const { cluster, backings } = await readIdentity(reader, name, REQUEST_TIMEOUT_MS, signal);
      const uuid = backings[0]?.uuid;
      if (uuid === undefined) {
        throw new ExporterError('elasticsearch_failed', `the index ${name} is not there`, {
          hint: MISSING_HINT,
        });
      }
      return [cluster, uuid, digest].join(' ');
    },
    async write(documents, signal) {
      const operations = [...documents].flatMap(([reference, document]) => [
        { index: { _id: `${digest}-${reference}` } },
        document,
      ]);
      const { items } = await writer.bulk(
        { index: name, operations },
        requestOptions(REQUEST_TIMEOUT_MS, signal),
      );
      const outcomes = items.map((item) => item.index && readItem(item.index));
      const failed = outcomes.find((outcome) => outcome?.kind !== 'created');
      if (failed !== undefined) {
        const reason = 'reason' in failed ? failed.reason : failed.kind;
        throw new ExporterError(
          'elasticsearch_failed',
          `the index ${name} does not take a session: ${reason}`,
        );
      }
    },
  };
}
