import type { Archive, SessionDetail } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import { withArchive } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { addExamples, addSourceOptions, parseLimit, type SourceOptions } from '../options.ts';
import { renderCompleteness } from '../output/completeness.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTimeline } from '../output/timeline.ts';

const DEFAULT_LIMIT = 10_000;
const MAX_PAGE = 1000;

interface SessionOptions extends SourceOptions {
  all?: boolean;
  complete?: boolean;
  limit: number;
}

/** `spanledger session`: one session as a timeline. */
export function addSession(program: Command, context: Context): void {
  const command = program
    .command('session')
    .summary('show one session as a timeline')
    .description(
      'Shows one session from login to logout: who, and each call with its method, route, status, duration and scopes.',
    )
    .argument(
      '<id>',
      'the session’s reference (audit.session.id), or the session id of the OpenID provider (sid)',
    )
    .option('--all', 'also the spans within each call')
    .option(
      '--complete',
      'say instead whether all of it is in the log: which producers took part, and what is missing; exit status 1 if anything is',
    )
    .option('-n, --limit <n>', 'at most this many records', parseLimit, DEFAULT_LIMIT);
  addExamples(addSourceOptions(command), [
    'spanledger session 0t1P6bq3Xk2rVnYw8ZsQ5A',
    'spanledger session 0t1P6bq3Xk2rVnYw8ZsQ5A --all',
    'spanledger session 0t1P6bq3Xk2rVnYw8ZsQ5A --complete',
    'spanledger session 0t1P6bq3Xk2rVnYw8ZsQ5A --json | jq .timeline[].event.action',
  ]).action((id: string, options: SessionOptions) => showSession(id, options, context));
}

async function showSession(id: string, options: SessionOptions, context: Context): Promise<void> {
  if (options.complete === true) {
    await showCompleteness(id, options, context);
    return;
  }
  const session = await withArchive(options, context, (archive) => readSession(archive, id, options.limit));
  if (session === undefined) throw noSession(id);
  const { all = false, json = false } = options;
  context.out(json ? renderJsonLine(session) : renderTimeline(session, { all, paint: context.paint }));
}

async function showCompleteness(id: string, options: SessionOptions, context: Context): Promise<void> {
  const answer = await withArchive(options, context, (archive) => archive.completeness(id));
  if (answer === undefined) throw noSession(id);
  const { json = false } = options;
  context.out(json ? renderJsonLine(answer) : renderCompleteness(answer, { paint: context.paint }));
  context.exitCode = answer.complete ? EXIT.good : EXIT.failed;
}

function noSession(id: string): CliError {
  return new CliError('not_found', `there is no session ${id}`, {
    hint: 'List them with: spanledger sessions',
  });
}

/** The session with as much of its timeline as was asked for. */
async function readSession(archive: Archive, id: string, limit: number): Promise<SessionDetail | undefined> {
  const first = await archive.session(id, { limit: Math.min(limit, MAX_PAGE) });
  if (first === undefined) return undefined;
  const { next: start, ...session } = first;
  let next = start;
  while (next !== undefined && session.timeline.length < limit) {
    const left = Math.min(limit - session.timeline.length, MAX_PAGE);
    const page = await archive.session(id, { cursor: next, limit: left });
    if (page === undefined) break;
    session.timeline.push(...page.timeline);
    next = page.next;
  }
  return next === undefined ? session : { ...session, next };
}
