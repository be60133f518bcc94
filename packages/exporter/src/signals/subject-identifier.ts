import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import { fault, type SignalFault } from './refusal-code.ts';
import type { SignalSubject } from './signal-record.ts';
import { isId } from './signed-token.ts';

/** Identifiers in one list of aliases. RFC 9493, 3.2.8 */
const MAX_ALIASES = 16;

/** The members of a complex subject. Shared Signals Framework 1.0, 3.3 */
const COMPLEX_MEMBERS = ['application', 'device', 'group', 'org_unit', 'session', 'tenant', 'user'] as const;

/** Whose subjects a transmitter may speak of. */
export interface SubjectOrigin {
  /** The transmitter's own issuer. */
  issuer: string;
  /** Others, whose subjects it may name. */
  subjectIssuers: readonly string[];
}

/** A subject that was understood. */
export type ReadSubject = { ok: true; subject: SignalSubject } | SignalFault;

/** What one identifier gives; an opaque one is of the issuer that another one beside it names, or of the transmitter. */
type ReadPart = { ok: true; subject: Partial<SignalSubject> } | SignalFault;

/**
 * Reads a subject identifier, simple or complex. RFC 9493, 3; Shared Signals Framework 1.0, 3
 *
 * `iss_sub` names a person of an issuer; `opaque` one of the transmitter, or its session where it stands as `session`.
 * `email` is an address, `phone_number`, `did` and others are kept as they are.
 */
export function readSubject(value: JsonValue | undefined, origin: SubjectOrigin): ReadSubject {
  if (!isJsonObject(value)) return fault('subject_missing');
  const isComplex = value['format'] === 'complex' || value['format'] === undefined;
  if (!isComplex) return combine([readSimple('user', value, origin)], origin);
  const parts = COMPLEX_MEMBERS.flatMap((member) => {
    const part = value[member];
    return part === undefined ? [] : [readPart(member, part, origin)];
  });
  return parts.length === 0 ? fault('subject_missing') : combine(parts, origin);
}

/** What a simple identifier may stand for. */
type Role = (typeof COMPLEX_MEMBERS)[number];

function readPart(role: Role, value: JsonValue, origin: SubjectOrigin): ReadPart {
  return isJsonObject(value) ? readSimple(role, value, origin) : fault('subject_unsupported');
}

function readSimple(role: Role, identifier: JsonObject, origin: SubjectOrigin): ReadPart {
  const { format } = identifier;
  switch (format) {
    case 'iss_sub': {
      const { iss, sub } = identifier;
      if (!isId(iss) || !isId(sub)) return fault('subject_unsupported');
      if (iss !== origin.issuer && !origin.subjectIssuers.includes(iss)) return fault('subject_foreign');
      return named(role, sub, identifier, iss);
    }
    case 'opaque': {
      const { id } = identifier;
      return isId(id) ? named(role, id, identifier) : fault('subject_unsupported');
    }
    case 'email': {
      const { email } = identifier;
      if (!isId(email)) return fault('subject_unsupported');
      return role === 'user' ? { ok: true, subject: { email } } : other(role, identifier);
    }
    case 'aliases': {
      const { identifiers } = identifier;
      if (!Array.isArray(identifiers) || identifiers.length === 0 || identifiers.length > MAX_ALIASES) {
        return fault('subject_unsupported');
      }
      return merge(
        identifiers.map((one) =>
          isJsonObject(one) && one['format'] !== 'aliases'
            ? readSimple(role, one, origin)
            : fault('subject_unsupported'),
        ),
      );
    }
    case 'account':
    case 'did':
    case 'jwt_id':
    case 'phone_number':
    case 'saml_assertion_id':
    case 'uri':
      return other(role, identifier);
    default:
      return fault('subject_unsupported');
  }
}

/** Somebody, or a session, by an id that joins it with the records of applications. */
function named(role: Role, id: string, identifier: JsonObject, issuer?: string): ReadPart {
  const whose = issuer !== undefined && { issuer };
  if (role === 'user') return { ok: true, subject: { ...whose, userId: id } };
  if (role === 'session') return { ok: true, subject: { ...whose, sessionId: id } };
  return other(role, identifier);
}

function other(role: Role, identifier: JsonObject): ReadPart {
  return { ok: true, subject: { others: { [`subject.${role}`]: identifier } } };
}

function combine(parts: readonly ReadPart[], { issuer }: SubjectOrigin): ReadSubject {
  const merged = merge(parts);
  return merged.ok ? { ok: true, subject: { issuer, ...merged.subject } } : merged;
}

/** All parts are about the same: one issuer, one person, one session. */
function merge(parts: readonly ReadPart[]): ReadPart {
  let subject: Partial<SignalSubject> = {};
  for (const part of parts) {
    if (!part.ok) return part;
    const { others, ...ids } = part.subject;
    if (
      (['issuer', 'userId', 'sessionId', 'email'] as const).some((name) =>
        conflicts(subject[name], ids[name]),
      )
    ) {
      return fault('subject_unsupported');
    }
    subject = {
      ...subject,
      ...ids,
      ...(others !== undefined && { others: { ...subject.others, ...others } }),
    };
  }
  return { ok: true, subject };
}

function conflicts(known: string | undefined, found: string | undefined): boolean {
  return known !== undefined && found !== undefined && known !== found;
}
