import { readFileSync } from 'node:fs';
import { Command } from 'commander';
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

/** The commands, in the order in which help lists them; each is loaded when it is called, or all for the help. */
const COMMANDS = {
  serve: async () => (await import('./commands/serve.ts')).addServe,
  search: async () => (await import('./commands/search.ts')).addSearch,
  sessions: async () => (await import('./commands/sessions.ts')).addSessions,
  session: async () => (await import('./commands/session.ts')).addSession,
  'oidc-tokens': async () => (await import('./commands/oidc-tokens.ts')).addOidcTokens,
  'oidc-token': async () => (await import('./commands/oidc-token.ts')).addOidcToken,
  attempts: async () => (await import('./commands/attempts.ts')).addAttempts,
  show: async () => (await import('./commands/show.ts')).addShow,
  tail: async () => (await import('./commands/tail.ts')).addTail,
  proof: async () => (await import('./commands/proof.ts')).addProof,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  reindex: async () => (await import('./commands/reindex.ts')).addReindex,
  witness: async () => (await import('./commands/witness.ts')).addWitness,
  keys: async () => (await import('./commands/keys.ts')).addKeys,
  alerts: async () => (await import('./commands/alerts.ts')).addAlerts,
  subject: async () => (await import('./commands/subject.ts')).addSubject,
  hold: async () => (await import('./commands/hold.ts')).addHold,
  retention: async () => (await import('./commands/retention.ts')).addRetention,
  reconcile: async () => (await import('./commands/reconcile.ts')).addReconcile,
  policy: async () => (await import('./commands/policy.ts')).addPolicy,
  privacy: async () => (await import('./commands/privacy.ts')).addPrivacy,
  tokens: async () => (await import('./commands/tokens.ts')).addTokens,
  setup: async () => (await import('./commands/setup.ts')).addSetup,
  spool: async () => (await import('./commands/spool.ts')).addSpool,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
} satisfies Record<string, () => Promise<(program: Command, context: Context) => void>>;

/**
 * Puts the command line together; nothing runs before it is parsed.
 *
 * @param called - the first word of the command line: the only command that is loaded, if it is one
 */
export async function createProgram(context: Context, called?: string): Promise<Command> {
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
  for (const load of commandsFor(called)) (await load())(program, context);
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

function commandsFor(called: string | undefined): (typeof COMMANDS)[keyof typeof COMMANDS][] {
  if (called === '-V' || called === '--version') return [];
  const only = Object.entries(COMMANDS).find(([name]) => name === called);
  return only === undefined ? Object.values(COMMANDS) : [only[1]];
}
