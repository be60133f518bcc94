import { waitFor } from '../exporter/service.ts';

/** As much of a status as tests look at. */
export interface Status {
  sizes: { durable: number; published: number };
  followers: { index: number };
  elasticsearch?: {
    lag: number;
    trouble?: { code: string };
    verification?: { ok: boolean; compared: number; first?: string };
  };
}

/** What `/api/status` says. */
export async function readStatus(url: string): Promise<Status> {
  return JSON.parse(await (await fetch(`${url}/api/status`)).text());
}

/** Waits until everything that the service took in is in Elasticsearch. */
export async function caughtUp(url: string): Promise<void> {
  await waitFor(
    'Elasticsearch to have all',
    async () => {
      const { sizes, elasticsearch } = await readStatus(url);
      return sizes.published === sizes.durable && elasticsearch?.lag === 0;
    },
    60_000,
  );
}
