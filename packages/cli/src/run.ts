import { CommanderError } from 'commander';
import type { Context } from './context.ts';
import { EXIT } from './errors.ts';
import type { Failure } from './failure.ts';
import { renderJsonLine } from './output/json.ts';
import { printable } from './output/text.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line.
 *
 * @param args - without the interpreter and the script
 * @returns the exit status; see {@link EXIT}
 */
export async function run(args: readonly string[], context: Context): Promise<number> {
  const program = await createProgram(context, args[0]);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.good;
    // No command at all: the help was printed, which is all there is to say.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const command = program.commands.find((known) => known.name() === args[0])?.name();
    const { describeError } = await import('./failure.ts');
    const failure = describeError(error, command);
    const { exitCode, ...told } = failure;
    context.err(
      args.includes('--json') ? renderJsonLine({ error: told }) : renderFailure(failure, context.query),
    );
    return exitCode;
  }
}

function renderFailure({ message, hint, position }: Failure, query: string | undefined): string {
  const lines = [
    `spanledger: ${message}`,
    ...(position === undefined || query === undefined ? [] : [`  ${query}`, `  ${' '.repeat(position)}^`]),
    ...(hint === undefined ? [] : [hint]),
  ];
  return lines.map((line) => `${line.split('\n').map(printable).join('\n')}\n`).join('');
}
