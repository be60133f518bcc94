import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addPolicyCheck } from './policy-check.ts';

/** `spanledger policy`: what an audit policy says, and what it does. */
export function addPolicy(program: Command, context: Context): void {
  const command = program
    .command('policy')
    .summary('check an audit policy')
    .description(
      'Works with audit policies: which calls are watched how closely. docs/policy.md describes the file.',
    );
  addPolicyCheck(command, context);
  addExamples(command, [
    'spanledger policy check audit-policy.yaml',
    'spanledger policy check audit-policy.yaml --json',
  ]);
}
