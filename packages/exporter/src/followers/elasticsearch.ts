import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerReader } from '@spanledger/ledger';

import { AlertTexts } from '../alert-texts.ts';
import type { ElasticsearchConfig } from '../config/index.ts';
import type { DataDirectory } from '../data-directory.ts';
import { DocumentTexts } from '../document-texts.ts';
import { DocumentReader } from '../documents.ts';
import { readSessionDocuments } from '../session-documents.ts';
import { describeFailure, openElasticsearch, readApiKey, streamNames } from '../elasticsearch/index.ts';
import type { OpeningBytesReader, OpeningsReader } from '../openings.ts';
import {
  type DocumentTextRange,
  eraseDocuments,
  IndexFollower,
  IndexState,
  openSessionIndex,
  originDigest,
  purgeDocuments,
  SessionCopier,
  verifyOnSchedule,
} from '../search/elasticsearch/index.ts';
import type { SessionStore } from '../sessions/index.ts';
import { describeProblem } from './problem.ts';
import type { FromFollowers } from './messages.ts';
import type { PublishedSize } from './published-size.ts';

const MS_PER_MINUTE = 60_000;

const POLL_MS = 50;

/** What indexing into Elasticsearch joins. */
export interface ElasticsearchFollowerOptions {
  config: ElasticsearchConfig;
  paths: DataDirectory;
  reader: LedgerReader;
  openings: OpeningsReader & OpeningBytesReader;
  ledger: PublishedSize;
  sessions: SessionStore;
  tell: (message: FromFollowers) => void;
  /** Records that are not indexed any more, by ledger index. */
  purgedIn: (from: number, to: number) => ReadonlySet<number>;
}

/** What is to be erased. */
export interface SubjectDocuments {
  /** `audit.actor.id`. */
  reference: string;
  /** Records of others whose opened groups go too, by ledger index. */
  indexes: readonly number[];
  /** Traces of the subject: their spans go. */
  traces: readonly string[];
  /** The ledger index after the last of them. */
  until: number;
}

/** Indexes the log into Elasticsearch, beside everything else. */
export interface ElasticsearchFollower {
  /** These sessions have changed. */
  mark: (sessions: readonly string[]) => void;
  /** These sessions have changed, and are copied as they are now when it resolves. */
  renew: (sessions: readonly string[]) => Promise<void>;
  /** Takes the opened groups of a subject out of the documents, once so many records are indexed. @returns of how many */
  erase(erasure: SubjectDocuments): Promise<number>;
  /** The first ledger index that is not in the streams. */
  position(): number;
  /** Deletes the documents of purged records, by ledger index; a search has found none of them when it resolves. */
  purge(indexes: readonly number[]): Promise<void>;
  /** Reaches the end of what is published, if that does not take long, and follows no more. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Begins to index into Elasticsearch; it need not be up.
 *
 * @throws ExporterError `key_missing`, `elasticsearch_untrusted`, `index_damaged`
 */
export async function startElasticsearchFollower(
  options: ElasticsearchFollowerOptions,
): Promise<ElasticsearchFollower> {
  const { config, paths, reader, openings, ledger, sessions, tell, purgedIn } = options;
  const { url, caFile } = config;
  const log = await reader.checkpoint();
  const writerKey = await readApiKey(config.writer);
  const writer = await openElasticsearch({ url, caFile, credentials: writerKey });
  // With one key for both, it needs the privileges of both.
  const readerKey = (await readApiKey(config.reader)) ?? writerKey;
  const searching = await openElasticsearch({ url, caFile, credentials: readerKey });
  const state = new IndexState(paths.elasticsearchFile);
  const alertsState = new IndexState(paths.elasticsearchAlertsFile);
  const documents = new DocumentReader(reader, openings);
  const { audit: stream, alerts, sessions: sessionIndex } = streamNames(config.namespace);
  const minimumIndex = (): Promise<number> => reader.minimumIndex();
  const shared = { writer, reader: searching, log, ledger, minimumIndex };
  const onError = (error: unknown): void => {
    tell({ kind: 'problem', what: 'the follower elasticsearch', problem: describeProblem(error) });
  };
  const follower = new IndexFollower({
    ...shared,
    stream,
    documents: withoutPurged(new DocumentTexts(reader, openings), purgedIn),
    state,
    onStatus: (status) => {
      tell({ kind: 'index_status', status });
    },
    onNotice: (notice) => {
      tell({ kind: 'index_notice', notice });
    },
    onError,
  });
  const alertsFollower = new IndexFollower({
    ...shared,
    stream: alerts,
    documents: withoutPurged(new AlertTexts(reader, openings), purgedIn),
    state: alertsState,
    onStatus: (status) => {
      tell({ kind: 'alerts_index_status', status });
    },
    // What is to be said is said of the records already.
    onNotice: () => undefined,
    onError,
  });
  const copier = new SessionCopier({
    target: openSessionIndex({
      writer,
      reader: searching,
      name: sessionIndex,
      digest: originDigest(log.origin),
    }),
    stateFile: paths.elasticsearchSessionsFile,
    changedSince: (from, limit) => sessions.changedSince(from, limit),
    read: (references) => readSessionDocuments({ sessions, documents, origin: log.origin }, references),
    position: () => sessions.position(),
    onTrouble: (error) => {
      tell({
        kind: 'problem',
        what: 'copying sessions into Elasticsearch',
        problem: describeProblem(describeFailure(error, url)),
      });
    },
  });
  follower.start();
  alertsFollower.start();
  copier.start();
  const stop = new AbortController();
  const verifying =
    config.verifyEveryMinutes === undefined
      ? undefined
      : verifyOnSchedule({
          everyMs: config.verifyEveryMinutes * MS_PER_MINUTE,
          options: () => ({
            reader: searching,
            stream,
            origin: log.origin,
            documents,
            position: follower.position(),
            size: ledger.sizes().published,
            minimumIndex,
            purgedIn,
            currentSize: () => Promise.resolve(ledger.sizes().published),
            deadLetters: (from, to) => state.deadLettersIn(from, to),
          }),
          onResult: (result) => {
            tell({ kind: 'index_verified', result });
          },
          onError: (error) => {
            tell({
              kind: 'problem',
              what: 'the scheduled verification of the index',
              problem: describeProblem(describeFailure(error, url)),
            });
          },
          signal: stop.signal,
        });
  const position = (): number => Math.min(follower.position(), alertsFollower.position());
  const withEraser = async <T>(work: (client: typeof writer) => Promise<T>): Promise<T> => {
    const key = (await readApiKey(config.eraser)) ?? writerKey;
    const client = await openElasticsearch({ url, caFile, credentials: key });
    try {
      return await work(client);
    } catch (error) {
      throw describeFailure(error, url);
    } finally {
      await client.close();
    }
  };
  return {
    mark: (references) => {
      copier.mark(references);
    },
    renew: (references) => copier.renew(references),
    position,
    async purge(indexes) {
      await withEraser((eraser) =>
        purgeDocuments({ eraser, streams: [stream, alerts], digest: originDigest(log.origin), indexes }),
      );
    },
    async erase({ reference, indexes, traces, until }) {
      // What was read before the key was destroyed is written by then.
      while (position() < until) {
        await delay(POLL_MS, undefined, { signal: stop.signal });
      }
      const { traces: spans } = streamNames(config.namespace);
      // What was read of a session before is written by then, and what is read afterwards names nobody.
      return await withEraser((eraser) =>
        copier.alone(() =>
          eraseDocuments({
            eraser,
            reader: searching,
            stream,
            others: { traces: spans, drawn: [alerts, sessionIndex] },
            origin: log.origin,
            digest: originDigest(log.origin),
            reference,
            indexes,
            traces,
          }),
        ),
      );
    },
    async finish() {
      await Promise.all([follower.finish(), alertsFollower.finish()]);
    },
    async close() {
      stop.abort();
      await verifying;
      await copier.close();
      await Promise.all([follower.finish(0), alertsFollower.finish(0)]);
      state.close();
      alertsState.close();
      await writer.close();
      await searching.close();
    },
  };
}

/** Documents of what was purged are for no stream. */
function withoutPurged(
  documents: DocumentTextRange,
  purgedIn: ElasticsearchFollowerOptions['purgedIn'],
): DocumentTextRange {
  return {
    async readTexts(from, to) {
      const texts = await documents.readTexts(from, to);
      const purged = purgedIn(from, to);
      return purged.size === 0 ? texts : texts.map((text, i) => (purged.has(from + i) ? undefined : text));
    },
  };
}
