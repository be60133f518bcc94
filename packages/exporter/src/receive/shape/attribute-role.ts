import {
  ATTR_AUDIT_OUTCOME,
  ATTR_AUDIT_SEQUENCE_NUMBER,
  ATTR_SESSION_ID,
  type FieldPlace,
  type FieldShape,
  placeOfAttribute,
  placeOfUnboundSession,
  translationOf,
} from '@spanledger/record';

/** In the clear as well, but different in each record: a template leaves room for them. */
const OPEN_CLEAR_SHAPES: ReadonlySet<FieldShape> = new Set(['integer', 'time']);

/** Committed, yet few: they say where the service itself is, in a way that only the mapping takes apart. */
const FEW_VALUES: ReadonlySet<string> = new Set([ATTR_AUDIT_OUTCOME, 'server.address']);

/**
 * How an attribute takes part in a record.
 *
 * - `fixed`: what it says is low in variety and may shape the record, so that a template is for one value of it.
 * - `open`: its value is written at its place, whatever it is, and touches nothing else.
 * - `number`: the producer's number of the span.
 */
export type AttributeRole =
  { kind: 'fixed' } | { kind: 'open'; place: FieldPlace } | { kind: 'number'; place: FieldPlace };

/**
 * The role of an attribute; undefined where its value may go to more than one place.
 *
 * @param spanKind - `SpanKind`
 * @param inOidcSession - whether the span ran in a session that the application verified
 */
export function roleOf(key: string, spanKind: number, inOidcSession: boolean): AttributeRole | undefined {
  const translation = translationOf(key, spanKind);
  const name = translation === undefined ? key : translation.name;
  if (name === undefined) return key === 'http.target' ? undefined : { kind: 'fixed' };
  if (FEW_VALUES.has(name)) return { kind: 'fixed' };
  const place = name === ATTR_SESSION_ID && !inOidcSession ? placeOfUnboundSession() : placeOfAttribute(name);
  if (name === ATTR_AUDIT_SEQUENCE_NUMBER) return { kind: 'number', place };
  if (place.isCut) return undefined;
  if (place.group !== 'clear') return { kind: 'open', place };
  return !place.reserved && OPEN_CLEAR_SHAPES.has(place.shape) ? { kind: 'open', place } : { kind: 'fixed' };
}
