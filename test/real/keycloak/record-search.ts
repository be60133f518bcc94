import { waitFor } from '../../support/exporter/service.ts';

const TIMEOUT_MS = 20_000;

/** What the tests read of a document. */
export interface FoundRecord {
  audit: {
    actor: { id: string };
    session: { id: string };
    reconciliation?: { from: string; to: string };
  };
  event: { action: string; code?: string; outcome: string; reason?: string };
  user?: { id: string };
  oidc: { session: { id: string }; token: { id: string }; scope?: string[] };
  service: { name: string };
}

/** Asks a service for records. */
export class RecordSearch {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @returns records that match, oldest first, once there are at least so many */
  async find(query: string, least = 1): Promise<FoundRecord[]> {
    const url = new URL('/api/records', this.#url);
    url.searchParams.set('query', query);
    url.searchParams.set('order', 'asc');
    let records: FoundRecord[] = [];
    await waitFor(
      `${least} records that match ${query}`,
      async () => {
        const answer: { records: FoundRecord[] } = JSON.parse(await (await fetch(url)).text());
        records = answer.records;
        return records.length >= least;
      },
      TIMEOUT_MS,
    );
    return records;
  }
}
