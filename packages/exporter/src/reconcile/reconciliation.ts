import type { JsonObject } from '@spanledger/record';
import type { SearchPage, SearchRequest } from '../archive-types.ts';
import { ExporterError } from '../errors.ts';
import { compareSides } from './comparison.ts';
import type { LedgerFact, ReconciliationReport, Window } from './fact.ts';
import type { KeycloakAdmin } from './keycloak-admin.ts';
import { readLedgerFact } from './record-facts.ts';

/** How far the clocks of provider and applications may differ. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** The most records of the ledger that one window may have. */
const MAX_WINDOW_RECORDS = 100_000;

const PAGE_RECORDS = 1_000;

/** Where the records are asked for. */
export interface RecordSource {
  search(request: SearchRequest): Promise<SearchPage>;
}

/**
 * Compares what a realm and the ledger tell of a window.
 *
 * @returns the report; its window may end earlier than asked, where there is too much in it
 * @throws ExporterError `provider_unreachable`, `provider_refused`, and what the search throws
 */
export async function reconcile(
  keycloak: Pick<KeycloakAdmin, 'events' | 'issuer'>,
  records: RecordSource,
  window: Window,
): Promise<ReconciliationReport> {
  const fetched = await keycloak.events({
    fromMs: window.fromMs - CLOCK_TOLERANCE_MS,
    toMs: window.toMs + CLOCK_TOLERANCE_MS,
  });
  const { fromMs } = window;
  const toMs = Math.min(window.toMs, fetched.toMs - CLOCK_TOLERANCE_MS);
  if (toMs <= fromMs) {
    throw new ExporterError(
      'provider_refused',
      'Keycloak has more events in a minute than are compared at once',
      {
        hint: 'Compare a shorter window, or store fewer types of events in the realm.',
      },
    );
  }
  const facts = await readRecords(records, keycloak.issuer, {
    fromMs: fromMs - CLOCK_TOLERANCE_MS,
    toMs: toMs + CLOCK_TOLERANCE_MS,
  });
  const isInside = ({ atMs }: { atMs: number }): boolean => atMs >= fromMs && atMs < toMs;
  return {
    provider: 'keycloak',
    issuer: keycloak.issuer,
    fromMs,
    toMs,
    providerEvents: fetched.events.filter(isInside).length,
    ledgerRecords: facts.filter(isInside).length,
    ...compareSides(fetched.events, facts, { fromMs, toMs }, CLOCK_TOLERANCE_MS),
  };
}

async function readRecords(
  source: RecordSource,
  issuer: string,
  { fromMs, toMs }: Window,
): Promise<LedgerFact[]> {
  const query = [
    `oidc.issuer:${JSON.stringify(issuer)}`,
    'event.action:oidc.*',
    `@timestamp >= "${new Date(fromMs).toISOString()}"`,
    `@timestamp < "${new Date(toMs).toISOString()}"`,
  ].join(' and ');
  const facts: LedgerFact[] = [];
  let cursor: string | undefined;
  let count = 0;
  do {
    const page: SearchPage = await source.search({
      query,
      limit: PAGE_RECORDS,
      order: 'asc',
      ...(cursor !== undefined && { cursor }),
    });
    count += page.records.length;
    facts.push(...page.records.flatMap((document: JsonObject) => readLedgerFact(document) ?? []));
    cursor = page.next;
    if (count > MAX_WINDOW_RECORDS) {
      throw new ExporterError('request_too_large', `The window has more than ${MAX_WINDOW_RECORDS} records`, {
        hint: 'Compare a shorter window.',
      });
    }
  } while (cursor !== undefined);
  return facts;
}
