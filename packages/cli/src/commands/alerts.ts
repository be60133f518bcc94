import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addAlertsChange, addAlertsList } from './alerts-list.ts';
import { addAlertsReplay } from './alerts-replay.ts';
import { addAlertsRetry, addAlertsTest } from './alerts-delivery.ts';

/** `spanledger alerts`: what was noticed, and who is told of it. */
export function addAlerts(program: Command, context: Context): void {
  const command = program
    .command('alerts')
    .summary('list, show, acknowledge and replay alerts, and see to where they are sent')
    .description(
      'Lists and shows what the rules found in the records, records what was done about it, runs rules over what is ' +
        'recorded, and sees to where alerts are sent.',
    );
  addAlertsList(command, context);
  addAlertsChange(command, context);
  addAlertsReplay(command, context);
  addAlertsTest(command, context);
  addAlertsRetry(command, context);
  addExamples(command, [
    'spanledger alerts list --status open',
    'spanledger alerts replay --since 7d',
    'spanledger alerts test --json',
    'spanledger alerts retry soc --data ./data',
  ]);
}
