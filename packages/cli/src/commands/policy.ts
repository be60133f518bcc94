import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addPolicyCheck } from './policy-check.ts';
import { addPolicyReport } from './policy-report.ts';
import { addPolicyShow } from './policy-show.ts';
import { addPolicyTest } from './policy-test.ts';

/** `spanledger policy`: what an audit policy says, and what it does. */
export function addPolicy(program: Command, context: Context): void {
  const command = program
    .command('policy')
    .summary('check, try and show the audit policy')
    .description(
      'Works with audit policies: which calls are watched how closely. docs/policy.md describes the file.',
    );
  addPolicyCheck(command, context);
  addPolicyTest(command, context);
  addPolicyShow(command, context);
  addPolicyReport(command, context);
  addExamples(command, [
    'spanledger policy check audit-policy.yaml',
    'spanledger policy check audit-policy.yaml --json',
    'spanledger policy test audit-policy.yaml --against 24h',
    'spanledger policy show',
    'spanledger policy report --since 30d',
  ]);
}
