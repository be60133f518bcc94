import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addPrivacyReport } from './privacy-report.ts';

/** `spanledger privacy`: what is kept of people. */
export function addPrivacy(program: Command, context: Context): void {
  const command = program
    .command('privacy')
    .summary('report which personal data is stored')
    .description('Tells what is kept of people. docs/privacy.md says how it is kept, and how it goes away.');
  addPrivacyReport(command, context);
  addExamples(command, [
    'spanledger privacy report --html > report.html',
    'spanledger privacy report --since 30d --json',
  ]);
}
