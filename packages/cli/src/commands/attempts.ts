import type { Attempt } from '@spanledger/audit-exporter';
import { type Command, Option } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { renderAttempts } from '../output/attempts.ts';
import { renderJsonLine } from '../output/json.ts';
import { pages, renderMore, type Page } from '../pages.ts';
import { limitToTime, parseMoment, type TimeOptions } from '../times.ts';

const DEFAULT_LIMIT = 50;

interface AttemptsOptions extends SourceOptions, TimeOptions {
  outcome?: 'failure' | 'success';
  limit: number;
}

/** `spanledger attempts`: who tried to log in, to get a token, or to use one. */
export function addAttempts(program: Command, context: Context): void {
  const command = program
    .command('attempts')
    .summary('list attempts to authenticate and to be authorized')
    .description(
      'Lists who tried to log in, to get or refresh tokens and to use them, newest first: when, who, through which client ' +
        'and flow, the scopes that were asked for, granted and needed, how it ended, and the OAuth error code.',
    )
    .argument('[query...]', 'only attempts that match; see spanledger search --help')
    .addOption(new Option('--outcome <outcome>', 'only those that ended so').choices(['success', 'failure']))
    .option('--since <time>', 'not before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--until <time>', 'before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('-n, --limit <n>', 'at most this many', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(command), [
    'spanledger attempts --outcome failure --since 1h',
    "spanledger attempts 'oidc.client_id:shop-web and oidc.error:invalid_grant'",
    "spanledger attempts 'user.id:alice' --json",
  ]).action((words: string[], options: AttemptsOptions) => listAttempts(words.join(' '), options, context));
}

async function listAttempts(query: string, options: AttemptsOptions, context: Context): Promise<void> {
  context.query = query;
  const { outcome, limit, json = false } = options;
  const asked = limitToTime(query, options, context.now());
  await withArchive(options, context, async (archive) => {
    let more = false;
    const ask = async (wanted: number, cursor?: string): Promise<Page<Attempt>> => {
      const { attempts, next } = await archive.attempts({
        limit: wanted,
        ...(cursor !== undefined && { cursor }),
        ...(asked !== '' && { query: asked }),
        ...(outcome !== undefined && { outcome }),
      });
      more = next !== undefined;
      return { items: attempts, ...(next !== undefined && { next }) };
    };
    const found: Attempt[] = [];
    let count = 0;
    for await (const attempts of pages(ask, limit)) {
      count += attempts.length;
      if (json) for (const attempt of attempts) context.out(renderJsonLine(attempt));
      else found.push(...attempts);
    }
    if (found.length > 0) context.out(renderAttempts(found, { paint: context.paint }));
    if (more) context.err(renderMore(count));
    else if (count === 0 && !json) context.err('No attempt matches.\n');
  });
}
