import { readFileSync } from 'node:fs';
import type { ClientTls, RemoteArchiveOptions } from '@spanledger/audit-exporter';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';
import type { SourceOptions } from './options.ts';

/** Who asks a service, and whom it believes. */
export type Credentials = Pick<RemoteArchiveOptions, 'token' | 'tls'>;

/**
 * Reads token and certificates: `--token-file`, else `SPANLEDGER_TOKEN`, else `SPANLEDGER_TOKEN_FILE`; `--ca-file`, else
 * `SPANLEDGER_CA_FILE`; `SPANLEDGER_CLIENT_CERT_FILE` and `SPANLEDGER_CLIENT_KEY_FILE`.
 *
 * @throws CliError `file_unreadable`, `usage`
 */
export function readCredentials({ tokenFile, caFile }: SourceOptions, { env }: Context): Credentials {
  const token = readToken(tokenFile, env);
  const tls = readTls(caFile, env);
  return { ...(token !== undefined && { token }), ...(tls !== undefined && { tls }) };
}

function readToken(tokenFile: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const told = tokenFile === undefined ? nonEmpty(env['SPANLEDGER_TOKEN']) : undefined;
  const file = tokenFile ?? nonEmpty(env['SPANLEDGER_TOKEN_FILE']);
  const token = told ?? (file === undefined ? undefined : readFile(file).trim());
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new CliError('usage', `${told === undefined ? file : 'SPANLEDGER_TOKEN'} holds no token`, {
    hint: 'A token is one line of letters, digits and _.',
  });
}

function readTls(caFile: string | undefined, env: NodeJS.ProcessEnv): ClientTls | undefined {
  const ca = caFile ?? nonEmpty(env['SPANLEDGER_CA_FILE']);
  const cert = nonEmpty(env['SPANLEDGER_CLIENT_CERT_FILE']);
  const key = nonEmpty(env['SPANLEDGER_CLIENT_KEY_FILE']);
  if ((cert === undefined) !== (key === undefined)) {
    throw new CliError('usage', 'a client certificate takes both files, its own and that of its key', {
      hint: 'Set SPANLEDGER_CLIENT_CERT_FILE and SPANLEDGER_CLIENT_KEY_FILE, or neither.',
    });
  }
  if (ca === undefined && cert === undefined) return undefined;
  return {
    ...(ca !== undefined && { ca: readFile(ca) }),
    ...(cert !== undefined && { cert: readFile(cert) }),
    ...(key !== undefined && { key: readFile(key) }),
  };
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError('file_unreadable', `${file} cannot be read`, { cause });
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
