import { readFileSync } from 'node:fs';
import type { CredentialConfig } from '../config.ts';

/** How the receiver knows us, and we it. */
export interface Credentials {
  /** The bearer token of the next request. */
  readonly token?: () => string | undefined;
  /** PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/**
 * Reads what `SPANLEDGER_TOKEN`, `SPANLEDGER_TOKEN_FILE`, `SPANLEDGER_CA_FILE` and `SPANLEDGER_CLIENT_*_FILE` name. A
 * token's file is read again for each request, so that whoever replaces a token need not restart the application. What
 * cannot be read is left out: the receiver then refuses us, and the records wait.
 *
 * @param onUnreadable - told the variable that names a file which cannot be read
 */
export function readCredentials(
  config: CredentialConfig,
  onUnreadable: (variable: string) => void,
): Credentials {
  const { token, tokenFile, caFile, clientCertFile, clientKeyFile } = config;
  const read = (variable: string, file: string | undefined): string | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch {
      onUnreadable(variable);
      return undefined;
    }
  };
  const ca = read('SPANLEDGER_CA_FILE', caFile);
  const cert = read('SPANLEDGER_CLIENT_CERT_FILE', clientCertFile);
  const key = read('SPANLEDGER_CLIENT_KEY_FILE', clientKeyFile);
  return {
    token: () => token ?? tokenIn(read('SPANLEDGER_TOKEN_FILE', tokenFile)),
    tls: {
      ...(ca !== undefined && { ca }),
      // One without the other is of no use, and would stop the connection.
      ...(cert !== undefined && key !== undefined && { cert, key }),
    },
  };
}

/** What an HTTP header can carry, or nothing. */
function tokenIn(text: string | undefined): string | undefined {
  const token = text?.trim();
  return token !== undefined && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}
