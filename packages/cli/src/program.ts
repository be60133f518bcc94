import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addDoctor } from './commands/doctor.ts';
import { addKeys } from './commands/keys.ts';
import { addProof } from './commands/proof.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addSearch } from './commands/search.ts';
import { addServe } from './commands/serve.ts';
import { addSession } from './commands/session.ts';
import { addSessions } from './commands/sessions.ts';
import { addShow } from './commands/show.ts';
import { addTail } from './commands/tail.ts';
import { addTokens } from './commands/tokens.ts';
import { addVerify } from './commands/verify.ts';
import { addWitness } from './commands/witness.ts';
import type { Context } from './context.ts';
import { addExamples } from './options.ts';

/** Lines that are longer are hard to read, however wide the terminal is. */
const MAX_HELP_WIDTH = 110;

const EXIT_CODES = `
Exit status:
  0  good
  1  a verification failed, or what was asked for by its name is not there
  2  the command line, the query or the configuration is wrong
  3  the service or the data directory cannot be reached or read`;

/** Puts the command line together; nothing runs before it is parsed. */
export function createProgram(context: Context): Command {
  const helpWidth = Math.min(context.columns ?? MAX_HELP_WIDTH, MAX_HELP_WIDTH);
  const program = new Command('spanledger')
    .description('Search, prove and verify an audit trail of who did what.')
    .version(readVersion(), '-V, --version')
    .configureHelp({ helpWidth, sortSubcommands: false })
    .configureOutput({
      writeOut: context.out,
      writeErr: context.err,
      // Told once, by whoever runs the program, in the form that was asked for.
      outputError: () => undefined,
    })
    .exitOverride()
    // What follows the name of a command is that command's.
    .enablePositionalOptions()
    .showSuggestionAfterError();
  addServe(program, context);
  addSearch(program, context);
  addSessions(program, context);
  addSession(program, context);
  addShow(program, context);
  addTail(program, context);
  addProof(program, context);
  addVerify(program, context);
  addWitness(program, context);
  addKeys(program, context);
  addReconcile(program, context);
  addTokens(program, context);
  addDoctor(program, context);
  addExamples(program, [
    'spanledger serve',
    "spanledger search 'user.id:alice and event.outcome:failure'",
    'spanledger verify --data ./data',
  ]).addHelpText('after', EXIT_CODES);
  return program;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}
