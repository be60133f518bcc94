import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, type Service, startService } from '@spanledger/audit-exporter';
import { waitFor } from '../exporter/service.ts';

/**
 * Starts a service that hears the given providers, in this process.
 *
 * @param port 0 is any free one
 */
export async function startSignalService(
  folder: string,
  providers: readonly object[],
  port = 0,
): Promise<Service> {
  const file = join(folder, 'spanledger.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ providers }));
  return startService(
    loadConfig({
      file,
      env: { SPANLEDGER_LOG_LEVEL: 'silent', SPANLEDGER_PUBLISH_INTERVAL_MS: '20' },
      flags: { dataDirectory: join(folder, 'data'), port },
    }),
  );
}

/** Posts a form to the logout endpoint. */
export async function postLogout(url: string, token: string): Promise<Response> {
  return fetch(`${url}/sessions/backchannel-logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  });
}

/** What the tests read of a document. */
export interface SignalDocument {
  '@timestamp': string;
  audit: {
    actor: { id: string; type: string };
    record: { id: string };
    session?: { id: string };
    signal: Record<string, unknown>;
  };
  event: { action: string; code?: string; reason?: string; provider?: string; outcome: string };
  oidc?: Record<string, unknown>;
  user?: { id?: string; email?: string };
}

/** Opened documents that match, oldest first, once there are at least so many. */
export async function findDocuments(url: string, query: string, least = 1): Promise<SignalDocument[]> {
  const address = new URL('/api/records', url);
  address.searchParams.set('query', query);
  address.searchParams.set('order', 'asc');
  let records: SignalDocument[] = [];
  await waitFor(`${least} records that match ${query}`, async () => {
    const answer: { records: SignalDocument[] } = JSON.parse(await (await fetch(address)).text());
    records = answer.records;
    return records.length >= least;
  });
  return records;
}
