import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ElasticsearchConfig } from './config/index.ts';
import {
  openElasticsearch,
  readApiKey,
  readStreamPeriods,
  type StreamPeriod,
  streamNames,
} from './elasticsearch/index.ts';
import type { Hold } from './subjects/index.ts';
import type { Trouble } from './trouble.ts';

/** How often it is looked; Elasticsearch itself does every five minutes, and no sooner than a day counts for a stream. */
const LOOK_MS = 60_000;

/** What may become of documents in Elasticsearch that a legal hold covers. */
export type HeldDocumentsWarningCode = 'elasticsearch_drops_held';

/** What looking after held documents joins. */
export interface HeldDocumentsOptions {
  /** Undefined: there are no documents. */
  config: ElasticsearchConfig | undefined;
  /** All of them, those that were released too. */
  holds: () => Promise<Hold[]>;
  log: Logger;
  /** How often it is looked, in milliseconds; a minute, unless a test says otherwise. */
  lookMs?: number;
}

/**
 * Looks whether Elasticsearch deletes by itself what a legal hold covers: a stream's lifecycle knows no holds. It only
 * tells; to change a lifecycle, the service has no privilege.
 */
export class HeldDocuments {
  readonly #options: HeldDocumentsOptions;
  readonly #stop: AbortController = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  #dropping: StreamPeriod[] = [];

  constructor(options: HeldDocumentsOptions) {
    this.#options = options;
  }

  start(): void {
    const { config } = this.#options;
    if (config !== undefined) this.#looking = this.#look(config);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }

  /** What an operator should see to. */
  warnings(): (Trouble & { code: HeldDocumentsWarningCode })[] {
    return this.#dropping.map(({ stream, period }) => ({
      code: 'elasticsearch_drops_held',
      message: `legal holds are in force, and ${stream} deletes by itself what is older than ${period}`,
      hint: 'Run spanledger setup elasticsearch without --retention: the stream deletes nothing then, the service what is due and not held.',
    }));
  }

  async #look(config: ElasticsearchConfig): Promise<void> {
    const { holds, log, lookMs = LOOK_MS } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const isHeld = (await holds()).some((hold) => hold.released_at === undefined);
        this.#tell(isHeld ? await readPeriods(config) : []);
      } catch (error) {
        // That nobody answers, the follower says; while nothing answers nothing is deleted.
        log.debug({ err: error }, 'how long Elasticsearch keeps documents cannot be asked');
      }
      await delay(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #tell(dropping: StreamPeriod[]): void {
    const before = new Set(this.#dropping.map(({ stream }) => stream));
    this.#dropping = dropping;
    for (const { stream, period } of dropping) {
      if (before.has(stream)) continue;
      this.#options.log.warn({ stream, period }, 'Elasticsearch deletes by itself what legal holds cover');
    }
  }
}

async function readPeriods(config: ElasticsearchConfig): Promise<StreamPeriod[]> {
  const { url, caFile, namespace } = config;
  const credentials = (await readApiKey(config.reader)) ?? (await readApiKey(config.writer));
  const client = await openElasticsearch({ url, caFile, credentials });
  try {
    const { audit, alerts } = streamNames(namespace);
    return await readStreamPeriods(client, [audit, alerts]);
  } finally {
    await client.close();
  }
}
