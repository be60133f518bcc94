import type { TokenSummary } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTokens } from '../output/tokens.ts';
import { pages, renderMore, type Page } from '../pages.ts';
import { momentMs, parseMoment } from '../times.ts';

const DEFAULT_LIMIT = 50;
const MAX_PAGE = 200;

interface OidcTokensOptions extends SourceOptions {
  aliveAt?: string;
  session?: string;
  limit: number;
}

/** `spanledger oidc-tokens`: the tokens of OpenID providers that the ledger knows of, newest first. */
export function addOidcTokens(program: Command, context: Context): void {
  const command = program
    .command('oidc-tokens')
    .summary('list tokens of OpenID providers, those alive at a time')
    .description(
      'Lists the tokens that OpenID providers issued and that records name, newest first: client, person, scopes, when ' +
        'each ends and what became of it, and how often and from how many addresses it was used. (For the tokens that ' +
        'let people and services in here, see spanledger tokens.)',
    )
    .option(
      '--alive-at <time>',
      'only tokens that were alive then: 15m, 2h, 7d ago, now, or a date; states are those of then',
      parseTime,
    )
    .option('--session <id>', 'only tokens of this session: its reference or its sid')
    .option('-n, --limit <n>', 'at most this many tokens', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(command), [
    'spanledger oidc-tokens --alive-at now',
    'spanledger oidc-tokens --alive-at 2026-11-21T18:30:00Z --json',
    'spanledger oidc-tokens --session 0t1P6bq3Xk2rVnYw8ZsQ5A',
  ]).action((options: OidcTokensOptions) => listTokens(options, context));
}

function parseTime(text: string): string {
  return text === 'now' ? '0s' : parseMoment(text);
}

async function listTokens(options: OidcTokensOptions, context: Context): Promise<void> {
  const { aliveAt, session, limit, json = false } = options;
  const at = aliveAt === undefined ? undefined : new Date(momentMs(aliveAt, context.now())).toISOString();
  await withArchive(options, context, async (archive) => {
    let more = false;
    const ask = async (wanted: number, cursor?: string): Promise<Page<TokenSummary>> => {
      const { tokens, next } = await archive.tokens({
        limit: wanted,
        ...(cursor !== undefined && { cursor }),
        ...(session !== undefined && { session }),
        ...(at !== undefined && { alive_at: at }),
      });
      more = next !== undefined;
      return { items: tokens, ...(next !== undefined && { next }) };
    };
    const found: TokenSummary[] = [];
    let count = 0;
    for await (const tokens of pages(ask, limit, MAX_PAGE)) {
      count += tokens.length;
      if (json) for (const token of tokens) context.out(renderJsonLine(token));
      else found.push(...tokens);
    }
    if (found.length > 0) context.out(renderTokens(found, { paint: context.paint }));
    if (more) context.err(renderMore(count));
    else if (count === 0 && !json) context.err('No token matches.\n');
  });
}
