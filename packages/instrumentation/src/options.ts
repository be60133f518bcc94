/** What an application may say in code instead of the environment. docs/configuration.md explains each variable. */
export interface OidcOptions {
  /** `SPANLEDGER_ENDPOINT`. */
  readonly endpoint?: string;
  /** `SPANLEDGER_TOKEN`. */
  readonly token?: string;
  /** `SPANLEDGER_SPOOL_DIR`. */
  readonly spoolDirectory?: string;
  /** `SPANLEDGER_CLAIMS`. */
  readonly claims?: readonly string[];
  /** `SPANLEDGER_IDENTITY`. */
  readonly identity?: 'full' | 'pseudonym' | 'minimal';
  /** `SPANLEDGER_IDENTITY_KEY`. */
  readonly identityKey?: string;
}

const VARIABLES = {
  endpoint: 'SPANLEDGER_ENDPOINT',
  token: 'SPANLEDGER_TOKEN',
  spoolDirectory: 'SPANLEDGER_SPOOL_DIR',
  claims: 'SPANLEDGER_CLAIMS',
  identity: 'SPANLEDGER_IDENTITY',
  identityKey: 'SPANLEDGER_IDENTITY_KEY',
} as const satisfies Record<keyof OidcOptions, string>;

/**
 * The environment as the options complete it: one place checks both. What the operator set in the environment counts
 * more than what the application says.
 */
export function environmentOf(env: NodeJS.ProcessEnv, options: OidcOptions): NodeJS.ProcessEnv {
  const said = Object.entries({ ...options, claims: options.claims?.join(',') })
    .filter(([name, value]) => Object.hasOwn(VARIABLES, name) && typeof value === 'string')
    .map(([name, value]) => [Reflect.get(VARIABLES, name), value]);
  return { ...Object.fromEntries(said), ...env };
}
