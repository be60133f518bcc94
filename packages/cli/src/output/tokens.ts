import type { ShownBy, TokenDetail, TokenLink, TokenSummary } from '@spanledger/audit-exporter';
import { textAt } from './document-fields.ts';
import { plain, toneOfOutcome, type RenderOptions, type Tone } from './paint.ts';
import { describeAction, describeDuration } from './records.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { formatCount, formatTime, printable } from './text.ts';

const TOKEN_COLUMNS: readonly Column[] = [
  { title: 'TOKEN', maxWidth: 48 },
  { title: 'TYPE', maxWidth: 7 },
  { title: 'WHO', maxWidth: 32 },
  { title: 'CLIENT', maxWidth: 24 },
  { title: 'STATE', maxWidth: 13 },
  { title: 'ISSUED', maxWidth: 24 },
  { title: 'EXPIRES', maxWidth: 24 },
  { title: 'CALLS', maxWidth: 10, align: 'right' },
  { title: 'ADDRESSES', maxWidth: 9, align: 'right' },
  { title: 'SCOPES', maxWidth: 60 },
];

const CALL_COLUMNS: readonly Column[] = [
  { title: 'TIME', maxWidth: 24 },
  { title: 'SERVICE', maxWidth: 24 },
  { title: 'CALL', maxWidth: 56 },
  { title: 'OUTCOME', maxWidth: 7 },
  { title: 'STATUS', maxWidth: 6, align: 'right' },
  { title: 'TOOK', maxWidth: 10, align: 'right' },
  { title: 'FROM', maxWidth: 40 },
];

const CHAIN_COLUMNS: readonly Column[] = [
  { title: '', maxWidth: 1 },
  { title: 'TOKEN', maxWidth: 48 },
  { title: 'ISSUED', maxWidth: 24 },
  { title: 'BECAUSE', maxWidth: 40 },
  { title: 'RECORD', maxWidth: 12, align: 'right' },
];

const WITHHELD = '(withheld or erased)';

/**
 * A table of tokens, one line each.
 *
 * @param tokens - in the order in which they are to stand
 */
export function renderTokens(tokens: readonly TokenSummary[], options: RenderOptions = {}): string {
  return renderTable(TOKEN_COLUMNS, tokens.map(describeToken), options.paint ?? plain);
}

/** One token: what is known of it, the tokens before and after it, and the calls that were made with it. */
export function renderToken(token: TokenDetail, options: RenderOptions = {}): string {
  const paint = options.paint ?? plain;
  const { issue, revoked, expired, expires, scope_exceeded: exceeded } = token;
  const facts: [string, string][] = [
    ['Token', token.id ?? WITHHELD],
    ['Type', token.type ?? 'unknown'],
    ['Who', token.user_id ?? WITHHELD],
    ['Client', token.client_id ?? ''],
    ['Issuer', token.issuer],
    ['Session', token.session ?? '(none)'],
    ['Flow', [token.flow, token.grant_type].filter((text) => text !== undefined).join(', ')],
    ['Asked for', token.requested_scopes.join(' ')],
    ['Granted', token.granted_scopes.join(' ')],
    ['State', token.state],
    [
      'Issued',
      issue === undefined
        ? `${formatTime(token.issued)}, not recorded`
        : `${formatTime(token.issued)}, ${shownBy(issue)}`,
    ],
    [
      'Expires',
      `${expires === undefined ? 'unknown' : formatTime(expires)}${expired === undefined ? '' : `, ${shownBy(expired)}`}`,
    ],
    ...(revoked === undefined
      ? []
      : [['Revoked', `${formatTime(revoked.time)}, ${shownBy(revoked)}`] satisfies [string, string]]),
    ['Calls', describeUses(token)],
    [
      'Refused',
      `${formatCount(token.rejections)} times; asked about ${formatCount(token.introspections)} times`,
    ],
    ...(exceeded === undefined
      ? []
      : [
          ['Exceeded', `used with scopes that were not granted, ${shownBy(exceeded)}`] satisfies [
            string,
            string,
          ],
        ]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const head = facts.map(
    ([name, value]) => `${paint('faint', `${name}:`.padEnd(width + 1))}  ${printable(value)}\n`,
  );
  const chain =
    token.chain.length < 2
      ? ''
      : `\n${renderTable(
          CHAIN_COLUMNS,
          token.chain.map((link) => describeLink(link, token)),
          paint,
        )}`;
  const calls =
    token.calls.length === 0 ? '' : `\n${renderTable(CALL_COLUMNS, token.calls.map(describeCall), paint)}`;
  const more =
    token.next === undefined ? '' : paint('faint', 'There are more calls; --limit asks for more.\n');
  return `${head.join('')}${chain}${calls}${more}`;
}

function describeToken(token: TokenSummary): Cell[] {
  return [
    token.id ?? WITHHELD,
    token.type ?? '',
    token.user_id ?? WITHHELD,
    token.client_id ?? '',
    { text: token.state, tone: toneOfState(token.state) },
    formatTime(token.issued),
    formatTime(token.expires),
    formatCount(token.uses),
    `${token.addresses}${token.more_addresses ? '+' : ''}`,
    token.granted_scopes.join(' '),
  ];
}

function describeUses({
  uses,
  addresses,
  more_addresses: more,
  first_used: first,
  last_used: last,
}: TokenSummary): string {
  if (first === undefined || last === undefined) return 'none';
  const from = `from ${addresses}${more ? ' or more' : ''} ${addresses === 1 && !more ? 'address' : 'addresses'}`;
  return `${formatCount(uses)} ${from}, ${formatTime(first.time)} to ${formatTime(last.time)}`;
}

function describeLink(link: TokenLink, token: TokenDetail): Cell[] {
  const left = link.seconds_left === undefined ? '' : ` (${link.seconds_left} s left)`;
  return [
    link.record === (token.issue?.record ?? link.record) && link.id === token.id ? '>' : '',
    link.id ?? WITHHELD,
    formatTime(link.issued),
    link.reason === undefined ? '' : `${link.reason}${left}`,
    String(link.index),
  ];
}

function describeCall(document: TokenDetail['calls'][number]): Cell[] {
  const outcome = textAt(document, 'event.outcome') ?? '';
  return [
    formatTime(textAt(document, '@timestamp')),
    textAt(document, 'service.name') ?? '',
    describeAction(document),
    { text: outcome, tone: toneOfOutcome(outcome) },
    textAt(document, 'http.response.status_code') ?? '',
    describeDuration(document),
    textAt(document, 'client.address') ?? textAt(document, 'network.peer.address') ?? '',
  ];
}

function shownBy({ record, index }: ShownBy): string {
  return `record ${index} (${record})`;
}

function toneOfState(state: string): Tone {
  if (state === 'alive') return 'good';
  return state === 'revoked' ? 'bad' : 'faint';
}
