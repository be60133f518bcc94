import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Caller, Role } from './role.ts';

/** Who comes with a client certificate of a certain name. */
export interface CertificateGrant {
  /** A DNS name or URI of the certificate's subjectAltName; its common name where it has neither. */
  name: string;
  role: Role;
  /** Of a sender: the `service.name`s that it may send records of; `*` is any. */
  services: readonly string[];
}

/** What a connection's client certificate is worth. */
export type CertificateVerdict =
  | { kind: 'none' }
  /** Not from one of our authorities, or expired. */
  | { kind: 'untrusted' }
  /** From one of our authorities; `caller` where one of its names was granted something. */
  | { kind: 'trusted'; caller?: Caller };

/**
 * Looks at the client certificate of a connection.
 *
 * @param grants - what names may do
 */
export function checkClientCertificate(
  socket: Socket,
  grants: readonly CertificateGrant[],
): CertificateVerdict {
  if (!(socket instanceof TLSSocket)) return { kind: 'none' };
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { kind: 'none' };
  if (!socket.authorized) return { kind: 'untrusted' };
  const names = readNames(certificate.subjectAltName, certificate.subject);
  const grant = grants.find(({ name }) => names.includes(name));
  if (grant === undefined) return { kind: 'trusted' };
  const { name, role, services } = grant;
  return { kind: 'trusted', caller: { name: `certificate:${name}`, role, services } };
}

/**
 * The names that a certificate gives.
 *
 * @param alternative - `DNS:a.example, URI:spiffe://b`, as Node writes it; a name with a comma or quotes stands in quotes
 * @param subject - `CN=a`, a line an attribute
 */
function readNames(alternative: string | undefined, subject: string): string[] {
  // No honest name needs quotes, and what stands in them could look like further names.
  if (alternative?.includes('"') === true) return [];
  const names = (alternative ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|URI):(.+)$/.exec(entry)?.[1] ?? []);
  if (names.length > 0) return names;
  return subject.split('\n').flatMap((line) => /^CN=(.+)$/.exec(line)?.[1] ?? []);
}
