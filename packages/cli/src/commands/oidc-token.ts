import type { Archive, TokenDetail } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderToken } from '../output/tokens.ts';

const DEFAULT_LIMIT = 1000;
const MAX_PAGE = 1000;

interface OidcTokenOptions extends SourceOptions {
  limit: number;
}

/** `spanledger oidc-token`: one token, the chain it is part of, and which calls were made with it. */
export function addOidcToken(program: Command, context: Context): void {
  const command = program
    .command('oidc-token')
    .summary('show one token of an OpenID provider, and which calls it made')
    .description(
      'Shows one token: who issued it to whom and for what, how long it lived and how it ended, the tokens that it ' +
        'replaced and that replaced it and why, and each call that was let in with it.',
    )
    .argument(
      '<id>',
      'the token’s jti, or the id that stands for it in records (oidc.token.id); never the token itself',
    )
    .option('-n, --limit <n>', 'at most this many calls', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(command), [
    'spanledger oidc-token 8f5d1c3a-5f0e-4a4b-9a55-0d9f3f0f8a77',
    'spanledger oidc-token 8f5d1c3a-5f0e-4a4b-9a55-0d9f3f0f8a77 --json | jq .chain[].id',
  ]).action((id: string, options: OidcTokenOptions) => showToken(id, options, context));
}

async function showToken(id: string, options: OidcTokenOptions, context: Context): Promise<void> {
  const token = await withArchive(options, context, (archive) => readToken(archive, id, options.limit));
  if (token === undefined) {
    throw new CliError('not_found', `there is no token ${id}`, {
      hint: 'List them with: spanledger oidc-tokens',
    });
  }
  context.out(options.json === true ? renderJsonLine(token) : renderToken(token, { paint: context.paint }));
}

/** The token with as many of its calls as were asked for. */
async function readToken(archive: Archive, id: string, limit: number): Promise<TokenDetail | undefined> {
  const first = await archive.token(id, { limit: Math.min(limit, MAX_PAGE) });
  if (first === undefined) return undefined;
  const { next: start, ...token } = first;
  let next = start;
  while (next !== undefined && token.calls.length < limit) {
    const left = Math.min(limit - token.calls.length, MAX_PAGE);
    const page = await archive.token(id, { cursor: next, limit: left });
    if (page === undefined) break;
    token.calls.push(...page.calls);
    next = page.next;
  }
  return next === undefined ? token : { ...token, next };
}
