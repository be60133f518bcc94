import { readFile } from 'node:fs/promises';
import type { Client } from '@elastic/elasticsearch';
import type { ApiKeySource, ElasticsearchConfig } from '../config/index.ts';
import { ExporterError } from '../errors.ts';

/** A search over a whole index may take its time; whoever expects to be quicker says so with the request. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Of a request that got no answer or a 502, 503 or 504; whoever has more patience repeats the request. */
const MAX_RETRIES = 2;
/** The largest answer that is taken in. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Who asks: an API key in its encoded form, a user, or nobody (a cluster without security). */
export type Credentials = { apiKey: string } | { username: string; password: string } | undefined;

/** Where and as whom. */
export interface ElasticsearchAccess {
  url: string;
  /** PEM file of the authorities to trust; undefined: those of the system. */
  caFile?: string | undefined;
  credentials?: Credentials;
}

/**
 * Makes a client. It asks the server nothing yet, so that it can be made while the server is down; it reports nothing
 * about itself and finds no other nodes by itself. Close it.
 *
 * @throws ExporterError `elasticsearch_untrusted` if the file of the authorities cannot be read
 */
export async function openElasticsearch(access: ElasticsearchAccess): Promise<Client> {
  const { url, caFile, credentials } = access;
  const ca = caFile === undefined ? undefined : await readAuthorities(caFile);
  // Thousands of files, which nobody needs to load who has no Elasticsearch.
  const { Client: ElasticsearchClient } = await import('@elastic/elasticsearch');
  return new ElasticsearchClient({
    node: url,
    name: 'spanledger',
    ...(credentials !== undefined && { auth: credentials }),
    ...(ca !== undefined && { tls: { ca } }),
    enableMetaHeader: false,
    sniffOnStart: false,
    sniffOnConnectionFault: false,
    // What an error carries goes into logs: no headers, no keys.
    redaction: { type: 'remove' },
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxRetries: MAX_RETRIES,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
}

/**
 * An API key where there is one; the environment's wins over the file's.
 *
 * @throws ExporterError `key_missing` if the file cannot be read or holds no key
 */
export async function readApiKey(source: ApiKeySource): Promise<Credentials> {
  if (source.value !== undefined) return { apiKey: source.value.trim() };
  if (source.file === undefined) return undefined;
  const hint = "Write the key's encoded form to it; spanledger setup elasticsearch --keys-dir makes keys.";
  let text: string;
  try {
    text = await readFile(source.file, 'utf8');
  } catch (cause) {
    throw new ExporterError('key_missing', `${source.file}: cannot be read`, { cause, hint });
  }
  const apiKey = text.trim();
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(apiKey)) {
    throw new ExporterError('key_missing', `${source.file}: holds no API key in its encoded form`, { hint });
  }
  return { apiKey };
}

/**
 * Reads keys and authorities once, so that what is wrong with them is told at the start. The server is asked nothing.
 *
 * @throws ExporterError `key_missing`, `elasticsearch_untrusted`
 */
export async function checkAccess({
  writer,
  reader,
  caFile,
}: Pick<ElasticsearchConfig, 'writer' | 'reader' | 'caFile'>): Promise<void> {
  await readApiKey(writer);
  await readApiKey(reader);
  if (caFile !== undefined) await readAuthorities(caFile);
}

async function readAuthorities(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const hint = 'Name the PEM file of the authority that signed its certificate in elasticsearch.ca_file.';
    throw new ExporterError('elasticsearch_untrusted', `${file}: cannot be read`, { cause, hint });
  }
}
