import type { Client } from '@elastic/elasticsearch';

import { readMappings } from './field-mapping.ts';
import type { StreamMapping } from './field-mapping.ts';

/** How long what was asked of a stream is believed: its mapping changes when somebody sets it up anew. */
const BELIEVED_MS = 60_000;

/** How a stream is asked, and where it was asked last. */
export class StreamSettings {
  readonly #client: Client;
  readonly #stream: string;
  readonly #now: () => number;
  #asked: { atMs: number; mapping: Promise<StreamMapping> } | undefined;

  constructor(client: Client, stream: string, now: () => number = Date.now) {
    this.#client = client;
    this.#stream = stream;
    this.#now = now;
  }

  /** How the stream indexes fields, as of a minute ago at most. */
  mapping(): Promise<StreamMapping> {
    const { mapping, atMs } = this.#asked ?? { atMs: 0 };
    if (mapping !== undefined && this.#now() - atMs < BELIEVED_MS) return mapping;
    const asking = this.#ask();
    const asked = { atMs: this.#now(), mapping: asking };
    this.#asked = asked;
    asking.catch(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
    return asking;
  }

  async #ask(): Promise<StreamMapping> {
    const answer = await this.#client.indices.getMapping({ index: this.#stream, ignore_unavailable: true });
    return readMappings(Object.values(answer).map(({ mappings }) => mappings));
  }
}
