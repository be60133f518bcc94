import { ExporterError } from '../errors.ts';

/** The parts of a record that the vault needs; the rest of it is not looked at. */
export interface SealedRecord {
  timestamp: string;
  actor: { id: string; type: string };
  /** `audit.session.id`; empty where there is none. */
  sessionRef: string;
  /** Empty where there is none, as are the following. */
  issuer: string;
  clientId: string;
  serviceName: string;
}

/**
 * Reads these parts from an entry of the ledger.
 *
 * @throws ExporterError `vault_damaged` for bytes that are no record: the journal holds nothing else
 */
export function parseSealedRecord(entry: Uint8Array): SealedRecord {
  let record: unknown;
  try {
    record = JSON.parse(Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString());
  } catch {
    // Not passed on as the cause: V8's message quotes the text.
    throw new ExporterError('vault_damaged', 'an entry of the journal does not parse');
  }
  const audit = member(record, 'audit');
  const actor = member(audit, 'actor');
  const oidc = member(record, 'oidc');
  return {
    timestamp: text(record, '@timestamp'),
    actor: { id: text(actor, 'id'), type: text(actor, 'type') },
    sessionRef: text(member(audit, 'session'), 'id'),
    issuer: text(oidc, 'issuer'),
    clientId: text(oidc, 'client_id'),
    serviceName: text(member(record, 'service'), 'name'),
  };
}

/** A member of an object that came from outside; undefined where there is none. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** A text member of an object that came from outside; empty where there is none. */
export function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}
