import { describeProblem, parsePolicy } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { readInputFile } from '../input-files.ts';
import { addExamples } from '../options.ts';
import { renderJsonLine } from '../output/json.ts';
import { printable } from '../output/text.ts';

interface CheckOptions {
  json?: boolean;
}

/** `spanledger policy check`: everything that is wrong with a file, and where. */
export function addPolicyCheck(policy: Command, context: Context): void {
  const command = policy
    .command('check')
    .summary('check a policy file')
    .description(
      'Checks a policy file and prints everything that is wrong with it, one problem a line: file, line, column, field, ' +
        'what is wrong, and what to write instead. Exit status 2 says that there is something.',
    )
    .argument('<file>', 'the policy; - is standard input')
    .option('--json', 'machine-readable output');
  addExamples(command, [
    'spanledger policy check audit-policy.yaml',
    'spanledger policy check audit-policy.yaml --json',
  ]).action((file: string, options: CheckOptions) => checkPolicy(file, options, context));
}

async function checkPolicy(file: string, { json }: CheckOptions, context: Context): Promise<void> {
  const parsed = parsePolicy(await readInputFile(file, context));
  if (!parsed.ok) {
    context.exitCode = EXIT.usage;
    if (json === true) context.out(renderJsonLine({ ok: false, file, problems: parsed.problems }));
    else for (const problem of parsed.problems) context.out(`${printable(describeProblem(problem, file))}\n`);
    return;
  }
  const { sha256, rules, protectedRoutes, clients } = parsed.policy;
  if (json === true) {
    const counts = { rules: rules.length, protected_routes: protectedRoutes.length, clients: clients.length };
    context.out(renderJsonLine({ ok: true, file, sha256, ...counts }));
    return;
  }
  context.out(
    `${printable(file)} is good: ${rules.length} rules, ${protectedRoutes.length} protected routes, ` +
      `${clients.length} clients.\nSHA-256 ${sha256}\n`,
  );
}
