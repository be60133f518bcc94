import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

import type { Client } from '@elastic/elasticsearch';
import type { OtlpSpanGroup } from '@spanledger/record';

import { spanDocument, spanEventDocument, telemetryJson, telemetryStreams } from './otel-documents.ts';
import type { TelemetryDocument, TelemetryStreams } from './otel-documents.ts';

/** The most bytes that wait to be written; what comes on top is left out and counted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** The most documents of one request. */
const MAX_DOCUMENTS = 2_000;

/** The most requests of spans that wait to be made into documents. */
const MAX_WAITING_REQUESTS = 64;

/** How often a request is sent that Elasticsearch does not take. */
const ATTEMPTS = 3;
const RETRY_MS = 500;
const REQUEST_TIMEOUT_MS = 10_000;

/** How long a stop waits for what is left. */
const FINISH_MS = 1_000;

/** How the writing of normal telemetry is. */
export interface TelemetryStatus {
  /** Documents that were written since the start. */
  written: number;
  /** Documents, or spans that were no documents yet, that were left out: too much waited, or Elasticsearch refused. */
  dropped: number;
  /** Documents that wait. */
  waiting: number;
  /** Why the last request failed; absent if it did not. */
  error?: string;
}

interface Waiting {
  text: string;
  bytes: number;
}

/**
 * Writes spans and their events to the data streams of normal telemetry: as well as it can, within bounds, and never at
 * the expense of the records. What it leaves out is counted; the records have it all the same.
 */
export class TelemetryWriter {
  readonly #client: Client;
  readonly #streams: TelemetryStreams;
  readonly #stop = new AbortController();
  #requests: (readonly OtlpSpanGroup[])[] = [];
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #written = 0;
  #dropped = 0;
  #error: string | undefined;
  #working: Promise<void> | undefined;

  constructor(client: Client, namespace: string) {
    this.#client = client;
    this.#streams = telemetryStreams(namespace);
  }

  /** Takes the spans of one request, or counts them as left out. Returns at once. */
  take(groups: readonly OtlpSpanGroup[]): void {
    if (this.#requests.length >= MAX_WAITING_REQUESTS || this.#waitingBytes >= MAX_WAITING_BYTES) {
      this.#dropped += groups.reduce((sum, { spans }) => sum + spans.length, 0);
      return;
    }
    this.#requests.push(groups);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** How it is. */
  status(): TelemetryStatus {
    return {
      written: this.#written,
      dropped: this.#dropped,
      waiting: this.#waiting.length,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Writes what is left, if that does not take long, and no more. */
  async finish(): Promise<void> {
    const { signal } = this.#stop;
    await Promise.race([this.#working, delay(FINISH_MS, undefined, { signal, ref: false })]);
    this.#stop.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    // Whoever sent it has its answer first.
    await nextTurn();
    while (!this.#stop.signal.aborted) {
      const groups = this.#requests.shift();
      if (groups !== undefined) this.#describe(groups);
      if (this.#waiting.length === 0) return;
      await this.#send(this.#waiting.splice(0, MAX_DOCUMENTS));
    }
  }

  #describe(groups: readonly OtlpSpanGroup[]): void {
    const { traces, logs, namespace } = this.#streams;
    for (const group of groups) {
      for (const span of group.spans) {
        this.#queue(traces, spanDocument(span, group, namespace));
        for (const event of span.events) this.#queue(logs, spanEventDocument(event, span, group, namespace));
      }
    }
  }

  #queue(stream: string, document: TelemetryDocument): void {
    const text = `{"create":{"_index":"${stream}"}}\n${telemetryJson(document)}`;
    const bytes = text.length;
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ text, bytes });
    this.#waitingBytes += bytes;
  }

  async #send(documents: readonly Waiting[]): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          const { items } = await this.#client.bulk(
            {
              operations: documents.map(({ text }) => text),
              require_data_stream: true,
              filter_path: ['items.*.status', 'items.*.error.type'],
            },
            { maxRetries: 0, requestTimeout: REQUEST_TIMEOUT_MS, signal },
          );
          this.#count(items.map(({ create }) => create));
          return;
        } catch (error) {
          // The name alone: an answer may quote what was sent.
          this.#error = error instanceof Error ? error.name : 'unknown';
          if (signal.aborted || attempt === ATTEMPTS) break;
          await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
        }
      }
      this.#dropped += documents.length;
    } finally {
      this.#waitingBytes -= documents.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }

  #count(items: readonly ({ status: number; error?: { type: string } } | undefined)[]): void {
    const failed = items.filter((item) => item === undefined || item.status >= 300);
    this.#written += items.length - failed.length;
    this.#dropped += failed.length;
    this.#error = failed.length === 0 ? undefined : (failed[0]?.error?.type ?? 'unknown');
  }
}
