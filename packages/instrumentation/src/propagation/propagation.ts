import { memberOf } from '../attach/global-api.ts';
import type { AuditProcessor } from '../audit/audit-processor.ts';
import type { InstrumentationConfig } from '../config.ts';
import type { Lifecycle } from '../session/lifecycle.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import { warnOnce } from '../warning.ts';
import { IncomingSessions } from './incoming.ts';
import { readIssuerKeys, readSigningKey } from './keys.ts';
import { propagateOutgoing } from './outgoing.ts';

/** What propagation works with. */
export interface PropagationContext {
  readonly config: InstrumentationConfig;
  readonly processor: AuditProcessor;
  readonly lifecycle: Lifecycle;
  readonly sessions: SessionRegistry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Sends sessions along with outgoing requests, if there are hosts for that and a key. */
export function startOutgoing({ config, processor, lifecycle, now }: PropagationContext): void {
  const { to, keyFile, issuer } = config.propagation;
  if (to.length === 0 || keyFile === undefined) return;
  const signingKey = readOrTell('SPANLEDGER_PROPAGATION_KEY', () => readSigningKey(keyFile));
  if (signingKey === undefined) return;
  propagateOutgoing({
    hosts: to,
    signingKey,
    issuer: () => issuer ?? serviceNameOf(processor.resource),
    identity: config.identity,
    lifecycle,
    now,
  });
}

/** What reads sessions from incoming requests; undefined without keys of anybody, and then nothing is read. */
export function incomingSessions({
  config,
  sessions,
  now,
}: PropagationContext): IncomingSessions | undefined {
  const { issuersFile, audience } = config.propagation;
  if (issuersFile === undefined) return undefined;
  const issuers = readOrTell('SPANLEDGER_PROPAGATION_ISSUERS', () => readIssuerKeys(issuersFile));
  if (issuers === undefined) return undefined;
  const { identity } = config;
  return new IncomingSessions({ issuers, audience, identity, identityOf: sessions.identityOf, now });
}

function readOrTell<T>(variable: string, read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // The cause may quote the file.
    warnOnce(
      `${variable}_UNREADABLE`,
      `Spanledger propagates nothing this way: the file that ${variable} names cannot be read, or is not what docs/configuration.md says.`,
    );
    return undefined;
  }
}

function serviceNameOf(resource: unknown): string {
  const name = memberOf(memberOf(resource, 'attributes'), 'service.name');
  return typeof name === 'string' && name !== '' ? name : 'unknown_service';
}
