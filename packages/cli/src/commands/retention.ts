import { setTimeout as delay } from 'node:timers/promises';
import type { RetentionDesk, RetentionStatus } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { addExamples, addServiceOptions, type SourceOptions } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { renderForecast, renderRetention } from '../output/retention.ts';
import { openRetentionDesk } from '../service-access.ts';

const POLL_MS = 250;

interface RunOptions extends SourceOptions {
  wait: boolean;
}

/** `spanledger retention`: how long records are kept, and what goes. */
export function addRetention(program: Command, context: Context): void {
  const command = program
    .command('retention')
    .summary('how long records are kept, and what goes')
    .description(
      'Shows for how long records are kept, says what would be purged now, and purges it. The service does that by itself ' +
        'every hour; a legal hold keeps what it covers. Each purge is a record of the log.',
    )
    .enablePositionalOptions();

  const show = command
    .command('show')
    .summary('show classes, periods and how far purging is')
    .description(
      'Shows the classes of retention with their periods, when the next record is due, and the last purge.',
    );
  addExamples(addServiceOptions(show), [
    'spanledger retention show',
    'spanledger retention show --json',
  ]).action(async (options: SourceOptions) => {
    const desk = await openRetentionDesk(options, context);
    showStatus(await desk.retention(), options, context);
  });

  const plan = command
    .command('plan')
    .summary('say what would be purged now (dry run)')
    .description(
      'Counts, class by class, the records whose period is over, and those of them that a legal hold keeps. Nothing is purged.',
    );
  addExamples(addServiceOptions(plan), [
    'spanledger retention plan',
    "spanledger retention plan --json | jq '.classes[] | select(.due > 0)'",
  ]).action(async (options: SourceOptions) => {
    const desk = await openRetentionDesk(options, context);
    const forecast = await desk.planRetention();
    context.out(options.json === true ? renderJsonLine(forecast) : renderForecast(forecast, context.paint));
  });

  const run = command
    .command('run')
    .summary('purge at once what is due')
    .description(
      'Purges what is due now, also where the service would wait because periods were changed. It goes on by itself if this ' +
        'command is interrupted.',
    )
    .option('--no-wait', 'do not wait for its end');
  addExamples(addServiceOptions(run), [
    'spanledger retention run',
    'spanledger retention run --no-wait',
  ]).action(async (options: RunOptions) => {
    const desk = await openRetentionDesk(options, context);
    const before = await desk.retention();
    const begun = await desk.runRetention();
    const status = options.wait ? await follow(desk, begun, before.last?.at, context) : begun;
    showStatus(status, options, context);
    if (status.trouble !== undefined) {
      throw new CliError('retention_failed', `the purge did not come to its end: ${status.trouble}`, {
        hint: 'It is tried again by itself; the service’s log says more.',
      });
    }
  });
  addExamples(command, ['spanledger retention show', 'spanledger retention plan --json']);
}

/** Waits until a purge has come to its end, or has failed. */
async function follow(
  desk: RetentionDesk,
  begun: RetentionStatus,
  lastAt: string | undefined,
  context: Context,
): Promise<RetentionStatus> {
  const signal = context.untilInterrupted();
  let status = begun;
  while (status.running || (status.last?.at === lastAt && status.trouble === undefined)) {
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      context.err('It goes on by itself: spanledger retention show\n');
      return status;
    }
    status = await desk.retention();
  }
  return status;
}

function showStatus(status: RetentionStatus, { json }: SourceOptions, context: Context): void {
  context.out(json === true ? renderJsonLine(status) : renderRetention(status, context.paint));
}
