import { fileTiles, LedgerReader } from '@spanledger/ledger';
import type { Client } from '@elastic/elasticsearch';

import type { ElasticsearchConfig } from './config/index.ts';
import type { DataDirectory } from './data-directory.ts';
import { DocumentReader } from './documents.ts';
import { openElasticsearch, readApiKey, streamNames } from './elasticsearch/index.ts';
import { openStoredOpenings } from './privacy/index.ts';

/** A data directory and the Elasticsearch that its records are indexed in, opened side by side. */
export interface ElasticsearchRooms {
  log: LedgerReader;
  documents: DocumentReader;
  writer: Client;
  reader: Client;
  /** Name of the data stream. */
  stream: string;
  /** Name of that of the alerts. */
  alerts: string;
}

/**
 * Opens both; what is opened is closed by `cleanup`.
 *
 * @param environmentKek - the key-encryption key where the environment brings it, base64
 * @throws ExporterError `key_missing`, `key_mismatch`, `vault_damaged`, `elasticsearch_untrusted`
 */
export async function openElasticsearchRooms(
  paths: DataDirectory,
  config: ElasticsearchConfig,
  environmentKek: string | undefined,
  cleanup: AsyncDisposableStack,
): Promise<ElasticsearchRooms> {
  const { url, caFile, namespace } = config;
  const openings = cleanup.adopt(await openStoredOpenings(paths, environmentKek), (room) => {
    room.close();
  });
  const writerKey = await readApiKey(config.writer);
  const readerKey = (await readApiKey(config.reader)) ?? writerKey;
  const open = async (credentials: typeof writerKey): Promise<Client> =>
    cleanup.adopt(await openElasticsearch({ url, caFile, credentials }), (client) => client.close());
  const log = new LedgerReader(fileTiles(paths.ledger));
  const { audit, alerts } = streamNames(namespace);
  return {
    log,
    documents: new DocumentReader(log, openings),
    writer: await open(writerKey),
    reader: await open(readerKey),
    stream: audit,
    alerts,
  };
}
