import type { JsonObject } from '@spanledger/record';
import type { Logger } from 'pino';
import type { Closers } from './closers.ts';
import type { ElasticsearchConfig } from './config/index.ts';
import { describeFailure, openElasticsearch, readApiKey, streamNames } from './elasticsearch/index.ts';
import { ExporterError } from './errors.ts';
import { ElasticsearchReader, IndexState } from './search/elasticsearch/index.ts';
import { LayeredIndex, SettledPosition } from './search/index.ts';
import type { SearchIndex } from './search/index.ts';
import type { Trouble } from './trouble.ts';

/** What searching in Elasticsearch joins. */
export interface ElasticsearchSearchOptions {
  config: ElasticsearchConfig;
  /** Of the log. */
  origin: string;
  /** The index that answers what Elasticsearch cannot. */
  embedded: SearchIndex;
  /** How far Elasticsearch has come, and how many records it refused; undefined until that is known. */
  status: () => { position: number; deadLetters: number } | undefined;
  /** Where the follower keeps what was refused. */
  stateFile: string;
  closers: Closers;
  log: Logger;
}

/** A search that is answered from Elasticsearch. */
export interface ElasticsearchSearch {
  index: SearchIndex;
  /** Where answers come from, for `/api/status`. */
  describe: () => JsonObject;
  /** Why they do not come from where they should. */
  warnings: () => Trouble[];
}

/**
 * Answers searches from Elasticsearch, which need not be up.
 *
 * @throws ExporterError `key_missing`, `elasticsearch_untrusted`
 */
export async function searchElasticsearch(options: ElasticsearchSearchOptions): Promise<ElasticsearchSearch> {
  const { config, origin, embedded, status, stateFile, closers, log } = options;
  const { url, caFile, namespace } = config;
  // With one key for both, it has the privileges of both.
  const credentials = (await readApiKey(config.reader)) ?? (await readApiKey(config.writer));
  const client = await openElasticsearch({ url, caFile, credentials });
  closers.add(() => client.close());
  const settled = new SettledPosition(() => status()?.position ?? 0);
  closers.add(() => {
    settled.close();
  });
  const elasticsearch = new ElasticsearchReader({
    client,
    stream: streamNames(namespace).audit,
    origin,
    position: () => settled.get(),
    refused: () => ((status()?.deadLetters ?? 0) === 0 ? [] : readRefused(stateFile)),
  });
  const index = new LayeredIndex({
    embedded,
    elasticsearch,
    onTrouble: (trouble) => {
      if (trouble === undefined) log.info({ url }, 'Elasticsearch answers searches again');
      else log.warn({ ...describe(trouble.error, url) }, 'the embedded index answers searches instead');
    },
  });
  return {
    index,
    describe: () => ({
      driver: 'elasticsearch',
      answers: index.trouble === undefined ? 'elasticsearch' : 'embedded',
      // What is newer, the embedded index answers in any case.
      elasticsearch_before: settled.get(),
      ...(index.trouble !== undefined && {
        since: new Date(index.trouble.sinceMs).toISOString(),
        trouble: { ...describe(index.trouble.error, url) },
      }),
    }),
    warnings: () => {
      if (index.trouble === undefined) return [];
      const { code, message, hint } = describe(index.trouble.error, url);
      const said = `${message}; the embedded index answers searches instead`;
      return [{ code, message: said, ...(hint !== undefined && { hint }) }];
    },
  };
}

function readRefused(stateFile: string): number[] {
  const state = new IndexState(stateFile, true);
  try {
    return state.deadLetters().map(({ index }) => index);
  } finally {
    state.close();
  }
}

function describe(error: unknown, url: string): Trouble {
  const described = describeFailure(error, url);
  if (described instanceof ExporterError) {
    const { code, message, hint } = described;
    return { code, message, ...(hint !== undefined && { hint }) };
  }
  return { code: 'elasticsearch_failed', message: `${url}: asking Elasticsearch failed` };
}
