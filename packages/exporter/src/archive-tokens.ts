import type { JsonObject } from '@spanledger/record';

import { searchRecords } from './archive-search.ts';
import type { SessionRooms } from './archive-sessions.ts';
import type { ShownBy, TokenDetail, TokenLink, TokenSummary } from './archive-token-types.ts';
import { textAt, userAt } from './document-values.ts';
import type { Query } from './search/query/index.ts';
import type { Evidence, SessionStore, TokenRow } from './sessions/index.ts';

/** The most tokens of a chain that are shown, to either side. */
const MAX_CHAIN_LENGTH = 100;

/** Requests that were let in: what {@link TokenSummary.uses} counts. */
const CALLS: readonly Query[] = [
  {
    type: 'or',
    operands: [
      { type: 'equals', field: 'span.kind', value: 'server' },
      { type: 'equals', field: 'span.kind', value: 'consumer' },
    ],
  },
  { type: 'exists', field: 'event.duration' },
  { type: 'not', operand: { type: 'equals', field: 'http.response.status_code', value: '401' } },
  { type: 'not', operand: { type: 'equals', field: 'http.response.status_code', value: '403' } },
];

/** @param atMs - whether they are alive then, milliseconds since the epoch */
export async function summarizeTokens(
  { documents, sessions }: SessionRooms,
  rows: readonly TokenRow[],
  atMs: number,
): Promise<TokenSummary[]> {
  const opened = await documents.read([...new Set(rows.map((row) => row.first.index))]);
  return rows.map((row) => summaryOf(row, opened.get(row.first.index), sessions, atMs));
}

/**
 * One token with the calls that were made with it.
 *
 * @param after - ledger index of the last call of the page before
 */
export async function readToken(
  rooms: SessionRooms,
  row: TokenRow,
  limit: number,
  after: number | undefined,
  atMs: number,
): Promise<{ detail: TokenDetail; stoppedAt?: number }> {
  const [summary] = await summarizeTokens(rooms, [row], atMs);
  if (summary === undefined) throw new TypeError('a row has a summary');
  const chain = await readChain(rooms, row);
  const { id } = summary;
  if (id === undefined) return { detail: { ...summary, chain, calls: [] } };
  const ofToken: Query[] = [{ type: 'equals', field: 'oidc.token.id', value: id }];
  if (row.issuer !== '') ofToken.push({ type: 'equals', field: 'oidc.issuer', value: row.issuer });
  const { records, stoppedAt } = await searchRecords(rooms.search, rooms.documents, {
    query: { type: 'and', operands: [...ofToken, ...CALLS] },
    order: 'asc',
    limit,
    ...(after !== undefined && { after }),
  });
  const calls = records.toSorted((a, b) =>
    (textAt(a, '@timestamp') ?? '') < (textAt(b, '@timestamp') ?? '') ? -1 : 1,
  );
  return { detail: { ...summary, chain, calls }, ...(stoppedAt !== undefined && { stoppedAt }) };
}

/** The tokens that a token came from, itself, and those that came from it. */
async function readChain({ sessions, documents }: SessionRooms, row: TokenRow): Promise<TokenLink[]> {
  const chain = [row];
  const known = new Set([row.token]);
  const follow = (token: string | undefined): TokenRow | undefined => {
    const next = token === undefined || known.has(token) ? undefined : sessions.readToken(token, row.issuer);
    if (next !== undefined) known.add(next.token);
    return next;
  };
  for (let at = follow(row.previous), i = 0; at !== undefined && i < MAX_CHAIN_LENGTH; i++) {
    chain.unshift(at);
    at = follow(at.previous);
  }
  // Where a token was replaced twice there is a branch; both are shown.
  const open = [row];
  for (let at = open.shift(), i = 0; at !== undefined && i < MAX_CHAIN_LENGTH; i++) {
    for (const { by } of at.replacements) {
      const next = follow(by);
      if (next !== undefined) open.push(next);
      if (next !== undefined) chain.push(next);
    }
    at = open.shift();
  }
  const opened = await documents.read([...new Set(chain.map(({ first }) => first.index))]);
  return chain.map((link): TokenLink => {
    const id = textAt(opened.get(link.first.index), 'oidc.token.id');
    const { record, index } = link.origin ?? link.first;
    return {
      ...(id !== undefined && { id }),
      issued: link.issuedAt,
      ...(link.expiresAt !== undefined && { expires: link.expiresAt }),
      record,
      index,
      ...(link.origin?.reason !== undefined && { reason: link.origin.reason }),
      ...(link.origin?.secondsLeft !== undefined && { seconds_left: link.origin.secondsLeft }),
    };
  });
}

function summaryOf(
  row: TokenRow,
  document: JsonObject | undefined,
  sessions: SessionStore,
  atMs: number,
): TokenSummary {
  const { origin, revoked, expired, firstUse, lastUse, exceeded } = row;
  const named: Partial<TokenSummary> = {};
  const texts = {
    id: textAt(document, 'oidc.token.id'),
    type: row.type,
    client_id: row.client,
    user_id: userAt(document),
    session: row.session,
    flow: row.flow,
    grant_type: row.grantType,
    expires: row.expiresAt,
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value !== undefined) Object.assign(named, { [name]: value });
  }
  return {
    ...named,
    issuer: row.issuer,
    granted_scopes: [...row.scopes],
    requested_scopes: [...row.requested],
    state: stateAt(row, sessions, atMs),
    issued: row.issuedAt,
    ...(origin !== undefined && {
      issue: {
        ...shownBy(origin),
        how: origin.how,
        ...(origin.reason !== undefined && { reason: origin.reason }),
        ...(origin.secondsLeft !== undefined && { seconds_left: origin.secondsLeft }),
      },
    }),
    ...(revoked !== undefined && { revoked: shownBy(revoked) }),
    ...(expired !== undefined && { expired: shownBy(expired) }),
    replaced: row.replacements.map(shownBy),
    uses: row.uses,
    ...(firstUse !== undefined && { first_used: shownBy(firstUse) }),
    ...(lastUse !== undefined && { last_used: shownBy(lastUse) }),
    addresses: row.addresses.length,
    more_addresses: row.more,
    rejections: row.rejections,
    introspections: row.introspections,
    ...(exceeded !== undefined && { scope_exceeded: shownBy(exceeded) }),
  };
}

/** What a token was at a time; of several ends the first. */
function stateAt(row: TokenRow, sessions: SessionStore, atMs: number): string {
  const ended = row.session === undefined ? undefined : sessions.find(row.session)?.ended;
  const spent = row.type === 'refresh' ? row.replacements[0]?.time : undefined;
  const ends: [string, string | undefined][] = [
    ['revoked', row.revoked?.time],
    ['replaced', spent],
    ['session_ended', ended],
    ['expired', row.expiresAt],
  ];
  const past = ends
    .map(([state, time]): [string, number] => [state, time === undefined ? Infinity : Date.parse(time)])
    .filter(([, timeMs]) => timeMs <= atMs)
    .toSorted(([, a], [, b]) => a - b);
  return past[0]?.[0] ?? 'alive';
}

function shownBy({ time, record, index }: Evidence): ShownBy {
  return { time, record, index };
}
