import type { Hold, HoldRequest } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addServiceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { formatTime } from '../output/text.ts';
import { openDesk } from '../service-access.ts';

interface HoldOptions extends SourceOptions {
  subject?: string;
  issuer?: string;
  session?: string;
  query?: string;
  from?: string;
  to?: string;
  reason: string;
}

const COLUMNS = [
  { title: 'ID', maxWidth: 12 },
  { title: 'STATE', maxWidth: 9 },
  { title: 'SET', maxWidth: 24 },
  { title: 'BY', maxWidth: 24 },
  { title: 'COVERS', maxWidth: 60 },
  { title: 'REASON', maxWidth: 40 },
];

/** `spanledger hold`: what must not be erased. */
export function addHold(program: Command, context: Context): void {
  const command = program
    .command('hold')
    .summary('keep records from being erased (legal hold)')
    .description(
      'Sets and releases legal holds. What one covers is neither erased nor purged; whoever tries is told by which hold. ' +
        'Setting and releasing are records of the log.',
    )
    .enablePositionalOptions();
  const add = command
    .command('add')
    .summary('set a legal hold')
    .description('Sets a legal hold by one of: a person, a session, a query, a time.')
    .option('--subject <id>', 'a person: user.id, or audit.actor.id')
    .option('--issuer <url>', 'with --subject: the provider that knows the person by this name (iss)')
    .option('--session <id>', 'a session: audit.session.id, or the sid of the provider')
    .option('--query <query>', 'every record that matches')
    .option('--from <time>', 'every record from this time on (RFC 3339, or the beginning of it)')
    .option('--to <time>', 'every record before this time')
    .requiredOption('--reason <text>', 'why: the number of a case, say');
  addExamples(addServiceOptions(add), [
    "spanledger hold add --subject alice --issuer https://id.example --reason 'case 12/2026'",
    "spanledger hold add --query 'http.route:/transfers and event.outcome:failure' --reason 'case 13/2026'",
    "spanledger hold add --from 2026-11-01 --to 2026-12-01 --reason 'case 14/2026'",
  ]).action(async (options: HoldOptions) => {
    const desk = await openDesk(options, context);
    const hold = await desk.addHold(readWish(options));
    context.out(
      options.json === true
        ? renderJsonLine(hold)
        : `The legal hold ${hold.id} is in force, over: ${hold.query}\n`,
    );
  });

  const list = command
    .command('list')
    .summary('list legal holds')
    .description('Lists legal holds, those that were released too.');
  addExamples(addServiceOptions(list), ['spanledger hold list', 'spanledger hold list --json']).action(
    async (options: SourceOptions) => {
      const holds = await (await openDesk(options, context)).holds();
      if (options.json === true) for (const hold of holds) context.out(renderJsonLine(hold));
      else if (holds.length === 0) context.out('There is no legal hold.\n');
      else context.out(renderTable(COLUMNS, holds.map(row), context.paint));
    },
  );

  const release = command
    .command('release')
    .summary('release a legal hold')
    .description('Releases a legal hold: what it alone kept may be erased and purged again.')
    .argument('<id>', 'the hold’s id')
    .requiredOption('--reason <text>', 'why: what came of the case, say');
  addExamples(addServiceOptions(release), [
    "spanledger hold release 3f9k2m1x0a4b --reason 'case 12/2026 is closed'",
  ]).action(async (id: string, options: HoldOptions) => {
    const hold = await (await openDesk(options, context)).releaseHold(id, options.reason);
    context.out(options.json === true ? renderJsonLine(hold) : `The legal hold ${hold.id} is released.\n`);
  });
  addExamples(command, ['spanledger hold list', 'spanledger hold list --json']);
}

function readWish({ subject, issuer, session, query, from, to, reason }: HoldOptions): HoldRequest {
  const time = from === undefined && to === undefined ? undefined : { from, to };
  const given = [subject, session, query, time].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CliError('usage', 'a legal hold takes one of --subject, --session, --query and --from or --to');
  }
  if (issuer !== undefined && subject === undefined) {
    throw new CliError('usage', '--issuer belongs to --subject');
  }
  return {
    ...(subject !== undefined && { subject: { id: subject, ...(issuer !== undefined && { issuer }) } }),
    ...(session !== undefined && { session }),
    ...(query !== undefined && { query }),
    ...(time !== undefined && { time }),
    reason,
  };
}

function row(hold: Hold): Parameters<typeof renderTable>[1][number] {
  const isReleased = hold.released_at !== undefined;
  return [
    hold.id,
    { text: isReleased ? 'released' : 'in force', tone: isReleased ? 'faint' : 'warning' },
    formatTime(hold.set_at),
    hold.set_by.name,
    hold.query,
    hold.reason,
  ];
}
