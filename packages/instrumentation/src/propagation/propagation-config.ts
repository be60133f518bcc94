import { parseAuthority } from './authority.ts';
import { parseHostPattern, type HostPattern } from './host-list.ts';

/** More hosts than this are a mistake. */
export const MAX_HOSTS = 256;

/** Between which services sessions go. docs/configuration.md explains each variable. */
export interface PropagationConfig {
  /** `SPANLEDGER_PROPAGATE_TO`: to which hosts; none by default. */
  readonly to: readonly HostPattern[];
  /** `SPANLEDGER_PROPAGATION_KEY`: path of the private key. */
  readonly keyFile: string | undefined;
  /** `SPANLEDGER_PROPAGATION_ISSUER`: the name of this service; by default the service's name. */
  readonly issuer: string | undefined;
  /** `SPANLEDGER_PROPAGATION_ISSUERS`: path of the public keys of others, by their names. */
  readonly issuersFile: string | undefined;
  /** `SPANLEDGER_PROPAGATION_AUDIENCE`: the hosts that this service is; by default what a request's Host header says. */
  readonly audience: readonly string[];
}

/** Reads the variables; what makes no sense is left out, and named without its value. */
export function readPropagationConfig(env: NodeJS.ProcessEnv, problems: string[]): PropagationConfig {
  const to = readHosts('SPANLEDGER_PROPAGATE_TO', env, problems, parseHostPattern);
  const keyFile = text(env['SPANLEDGER_PROPAGATION_KEY']);
  if (to.length > 0 && keyFile === undefined) {
    problems.push('SPANLEDGER_PROPAGATE_TO needs SPANLEDGER_PROPAGATION_KEY; no session is propagated.');
  }
  return Object.freeze({
    to,
    keyFile,
    issuer: text(env['SPANLEDGER_PROPAGATION_ISSUER']) ?? text(env['OTEL_SERVICE_NAME']),
    issuersFile: text(env['SPANLEDGER_PROPAGATION_ISSUERS']),
    audience: readHosts('SPANLEDGER_PROPAGATION_AUDIENCE', env, problems, (host) => {
      const authority = parseAuthority(host);
      return authority && `${authority.hostname}${authority.port === undefined ? '' : `:${authority.port}`}`;
    }),
  });
}

function readHosts<T>(
  name: string,
  env: NodeJS.ProcessEnv,
  problems: string[],
  parse: (text: string) => T | undefined,
): T[] {
  const parts = (env[name] ?? '').split(',').flatMap((part) => text(part) ?? []);
  const hosts = parts.slice(0, MAX_HOSTS).flatMap((part) => parse(part) ?? []);
  if (hosts.length < parts.length) {
    problems.push(`${name} holds something that is not a host, or more than ${MAX_HOSTS}; it is left out.`);
  }
  return hosts;
}

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}
