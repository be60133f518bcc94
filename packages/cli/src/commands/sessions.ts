import type { SessionSummary } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderSessions } from '../output/sessions.ts';
import { pages, renderMore, type Page } from '../pages.ts';
import { limitToTime, parseMoment, type TimeOptions } from '../times.ts';

const DEFAULT_LIMIT = 50;
const MAX_PAGE = 200;

interface SessionsOptions extends SourceOptions, TimeOptions {
  limit: number;
}

/** `spanledger sessions`: the sessions that a query finds, newest first. */
export function addSessions(program: Command, context: Context): void {
  const command = program
    .command('sessions')
    .summary('list sessions')
    .description(
      'Lists sessions, newest first: all of them, or those with at least one record that matches a query. Where ' +
        'there are more than --limit, standard error says so.',
    )
    .argument('[query...]', 'the query; see spanledger search --help')
    .option('--since <time>', 'with a record not before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('--until <time>', 'with a record before: 15m, 2h, 7d ago, or a date', parseMoment)
    .option('-n, --limit <n>', 'at most this many sessions', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(command), [
    'spanledger sessions --since 1h',
    "spanledger sessions 'user.id:alice'",
    "spanledger sessions 'event.action:oidc.token.rejected' --json",
  ]).action((words: string[], options: SessionsOptions) => listSessions(words.join(' '), options, context));
}

async function listSessions(query: string, options: SessionsOptions, context: Context): Promise<void> {
  context.query = query;
  const asked = limitToTime(query, options, context.now());
  await withArchive(options, context, async (archive) => {
    let more = false;
    const ask = async (limit: number, cursor?: string): Promise<Page<SessionSummary>> => {
      const { sessions, next } = await archive.sessions({
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(asked !== '' && { query: asked }),
      });
      more = next !== undefined;
      return { items: sessions, ...(next !== undefined && { next }) };
    };
    let count = 0;
    const found: SessionSummary[] = [];
    for await (const sessions of pages(ask, options.limit, MAX_PAGE)) {
      count += sessions.length;
      if (options.json === true) for (const session of sessions) context.out(renderJsonLine(session));
      else found.push(...sessions);
    }
    if (found.length > 0) context.out(renderSessions(found, { paint: context.paint }));
    if (more) context.err(renderMore(count));
    else if (count === 0 && options.json !== true) context.err('No session matches.\n');
  });
}
