import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** A week: verifying a whole index less often than that is done by hand. */
const MAX_VERIFY_MINUTES = 10_080;
const DEFAULT_NAMESPACE = 'default';

/** As data streams want a namespace: it is the last part of their names, which hyphens divide. */
export const NAMESPACE: RegExp = /^[a-z0-9][a-z0-9_.]{0,99}$/;

/** The writer's key in the environment; the file `elasticsearch.api_key_file` is the other way. */
export const ELASTICSEARCH_KEY_VARIABLE = 'SPANLEDGER_ELASTICSEARCH_API_KEY';

/** The reader's key in the environment; the file `elasticsearch.reader_api_key_file` is the other way. */
export const ELASTICSEARCH_READER_KEY_VARIABLE = 'SPANLEDGER_ELASTICSEARCH_READER_API_KEY';

/** The eraser's key in the environment; the file `elasticsearch.eraser_api_key_file` is the other way. */
export const ELASTICSEARCH_ERASER_KEY_VARIABLE = 'SPANLEDGER_ELASTICSEARCH_ERASER_API_KEY';

/** What the file may say of Elasticsearch. */
export interface ElasticsearchFields {
  url: string;
  namespace?: string | undefined;
  api_key_file?: string | undefined;
  reader_api_key_file?: string | undefined;
  eraser_api_key_file?: string | undefined;
  ca_file?: string | undefined;
  verify_every_minutes?: number | undefined;
}

/** Where searches are answered from. */
export type IndexDriver = 'embedded' | 'elasticsearch';

/** An Elasticsearch that records are copied to. */
export interface ElasticsearchConfig {
  /** Without user, password, query and fragment. */
  readonly url: string;
  /** The last part of the names of the data streams. */
  readonly namespace: string;
  /** Who writes. */
  readonly writer: ApiKeySource;
  /** Who reads. */
  readonly reader: ApiKeySource;
  /** Who takes personal data out. */
  readonly eraser: ApiKeySource;
  /** Certificates of the authorities to trust, PEM, absolute path; undefined: those of the system. */
  readonly caFile: string | undefined;
  /** How often the whole index is compared with the ledger; undefined: only when asked to. */
  readonly verifyEveryMinutes: number | undefined;
}

/** An API key in its encoded form: the value of the environment wins over the file; neither: no key is sent. */
export interface ApiKeySource {
  readonly value: string | undefined;
  /** Absolute path. */
  readonly file: string | undefined;
}

const fileName = z.string().min(1, 'must name a file').optional();

/** `index`, `elasticsearch` and `telemetry` of the configuration file. */
export const indexSchema: z.ZodOptional<z.ZodType<{ driver?: IndexDriver | undefined }>> = z
  .strictObject({
    driver: z.enum(['embedded', 'elasticsearch'], 'must be embedded or elasticsearch').optional(),
  })
  .optional();

export const elasticsearchSchema: z.ZodOptional<z.ZodType<ElasticsearchFields>> = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be a URL, e.g. https://elasticsearch.example:9200' })
      .refine(hasOnlyPlace, 'must be scheme, host, port and path only; keys belong into api_key_file'),
    namespace: z
      .string()
      .regex(NAMESPACE, 'must be small letters, digits, dots and underscores, at most 100')
      .optional(),
    api_key_file: fileName,
    reader_api_key_file: fileName,
    eraser_api_key_file: fileName,
    ca_file: fileName,
    verify_every_minutes: z
      .number('must be a number of minutes')
      .min(1, 'must be at least 1')
      .max(MAX_VERIFY_MINUTES, `must be at most ${MAX_VERIFY_MINUTES}`)
      .optional(),
  })
  .optional();

export const telemetrySchema: z.ZodOptional<z.ZodType<{ index?: boolean | undefined }>> = z
  .strictObject({ index: z.boolean('must be true or false').optional() })
  .optional();

/** The three sections, as far as they were understood. */
export interface IndexSections {
  index?: { driver?: IndexDriver | undefined } | undefined;
  elasticsearch?: ElasticsearchFields | undefined;
  telemetry?: { index?: boolean | undefined } | undefined;
}

/** What the three sections come to. */
export interface IndexConfig {
  readonly indexDriver: IndexDriver;
  readonly elasticsearch: ElasticsearchConfig | undefined;
  readonly indexTelemetry: boolean;
}

/**
 * Completes what file and environment say of where records are indexed.
 *
 * @param directory the working directory, at which relative paths begin
 * @param insecure whether keys may cross the network in the clear
 * @param problems receives what does not fit together
 */
export function readIndexConfig(
  sections: IndexSections,
  directory: string,
  env: NodeJS.ProcessEnv,
  insecure: boolean,
  problems: string[],
): IndexConfig {
  const { elasticsearch } = sections;
  const indexDriver = sections.index?.driver ?? 'embedded';
  const indexTelemetry = sections.telemetry?.index ?? false;
  if (elasticsearch === undefined) {
    const missing = 'there is no elasticsearch.url, e.g. https://elasticsearch.example:9200';
    if (indexDriver === 'elasticsearch') problems.push(`index.driver: ${missing}`);
    if (indexTelemetry) problems.push(`telemetry.index: ${missing}`);
    return { indexDriver, elasticsearch: undefined, indexTelemetry };
  }
  const source = (variable: string, file: string | undefined): ApiKeySource => ({
    value: env[variable] === '' ? undefined : env[variable],
    file: file === undefined ? undefined : resolve(directory, file),
  });
  const writer = source(ELASTICSEARCH_KEY_VARIABLE, elasticsearch.api_key_file);
  const reader = source(ELASTICSEARCH_READER_KEY_VARIABLE, elasticsearch.reader_api_key_file);
  const eraser = source(ELASTICSEARCH_ERASER_KEY_VARIABLE, elasticsearch.eraser_api_key_file);
  const hasKey = [writer, reader, eraser].some(
    ({ value, file }) => value !== undefined || file !== undefined,
  );
  const { protocol, hostname } = new URL(elasticsearch.url);
  if (hasKey && protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, '')) && !insecure) {
    problems.push(
      `elasticsearch.url: the API key would go to ${hostname} in the clear; write https://, or set insecure: true where the network protects it`,
    );
  }
  return {
    indexDriver,
    indexTelemetry,
    elasticsearch: {
      url: elasticsearch.url,
      namespace: elasticsearch.namespace ?? DEFAULT_NAMESPACE,
      writer,
      reader,
      eraser,
      caFile: elasticsearch.ca_file === undefined ? undefined : resolve(directory, elasticsearch.ca_file),
      verifyEveryMinutes: elasticsearch.verify_every_minutes,
    },
  };
}

function hasOnlyPlace(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}
