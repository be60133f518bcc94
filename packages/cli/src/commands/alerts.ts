import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addAlertsRetry, addAlertsTest } from './alerts-delivery.ts';

/** `spanledger alerts`: what was noticed, and who is told of it. */
export function addAlerts(program: Command, context: Context): void {
  const command = program
    .command('alerts')
    .summary('see to the alerts, and to where they are sent')
    .description('Sees to the alerts, and to where they are sent.');
  addAlertsTest(command, context);
  addAlertsRetry(command, context);
  addExamples(command, ['spanledger alerts test --json', 'spanledger alerts retry soc --data ./data']);
}
