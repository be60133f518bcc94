import { COMMITMENT_GROUPS, type CommitmentGroup } from '@spanledger/record';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Options that every command has which asks an archive. */
export interface SourceOptions {
  data?: string;
  url?: string;
  /** Holds the token for the service. */
  tokenFile?: string;
  /** The authority of the service's certificate. */
  caFile?: string;
  json?: boolean;
}

/** The most records or sessions that one command prints. */
export const MAX_LIMIT = 10_000_000;

/** Adds `--data`, `--url` and `--json`. */
export function addSourceOptions(command: Command): Command {
  command
    .addOption(new Option('--data <dir>', 'read this data directory, without a service').conflicts('url'))
    .addOption(
      new Option(
        '--url <url>',
        'ask the service at this address (default: SPANLEDGER_URL, else http://127.0.0.1:4319 if it answers, else ' +
          'the default data directory)',
      ),
    );
  return addCredentialOptions(command);
}

/** Adds `--url`, the token and `--json`, for what a running service alone can do. */
export function addServiceOptions(command: Command): Command {
  command.option(
    '--url <url>',
    'the service’s address (default: SPANLEDGER_URL, else http://127.0.0.1:4319)',
  );
  return addCredentialOptions(command);
}

function addCredentialOptions(command: Command): Command {
  return command
    .option(
      '--token-file <file>',
      'the token for the service (default: SPANLEDGER_TOKEN, else SPANLEDGER_TOKEN_FILE)',
    )
    .option(
      '--ca-file <file>',
      'the authority of the service’s certificate (default: SPANLEDGER_CA_FILE, else the system’s)',
    )
    .option('--json', 'machine-readable output');
}

/** Reads `--limit`. */
export function parseLimit(text: string): number {
  const limit = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_LIMIT}.`);
}

/** Reads `--port`. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a port number, 0 to 65535; 0 takes a free one.');
}

/** Reads `--quorum`. */
export function parseQuorum(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number: how many witnesses must have signed.');
}

/** Adds `--disclose`, to pass on a part of what a record opens. */
export function addDiscloseOption(command: Command): Command {
  return command.option(
    '--disclose <groups>',
    `withhold all opened groups but these: ${COMMITMENT_GROUPS.join(', ')}, with commas between them, or none; the record still verifies`,
    parseGroups,
  );
}

/** Reads `--disclose`. */
function parseGroups(text: string): CommitmentGroup[] {
  if (text === 'none') return [];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !COMMITMENT_GROUPS.some((group) => group === name));
  if (unknown === undefined) return COMMITMENT_GROUPS.filter((group) => names.includes(group));
  throw new InvalidArgumentError(
    `There is no group '${unknown}': it must be ${COMMITMENT_GROUPS.join(', ')}, or none.`,
  );
}

/** Collects an option that may be given more than once. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Adds an "Examples:" section to a command's help. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ ${example}\n`).join('');
  return command.addHelpText('after', `\nExamples:\n${lines.trimEnd()}`);
}
