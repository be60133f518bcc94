import { dataDirectory, loadConfig, type StoredToken } from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';

/** The options of every command that works on the tokens of a data directory. */
export interface TokenOptions {
  data?: string;
  json?: boolean;
}

/** Adds `--data` and `--json`. */
export function addTokenOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'the data directory (default: in the user’s own data folder)')
    .option('--json', 'machine-readable output');
}

/** Where the tokens of a data directory are, and its own path. */
export function tokensDirectory(options: TokenOptions, context: Context): { root: string; tokens: string } {
  return dataDirectory(options.data ?? loadConfig({ env: context.env }).dataDirectory);
}

/** What is shown of a token: everything but its hash, and how it stands. */
export function describeToken(
  token: StoredToken,
  nowMs: number,
): Record<string, unknown> & { state: string } {
  const { hash: _hash, ...shown } = token;
  return { ...shown, state: stateOf(token, nowMs) };
}

/** Whether a token counts. */
export function stateOf({ expires, revoked }: StoredToken, nowMs: number): 'active' | 'expired' | 'revoked' {
  if (revoked !== undefined) return 'revoked';
  return expires !== undefined && Date.parse(expires) <= nowMs ? 'expired' : 'active';
}
