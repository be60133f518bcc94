import { ATTR_AUDIT_SEQUENCE_NUMBER, ATTR_AUDIT_SEQUENCE_STREAM_ID } from '../attributes.ts';
import type { OtlpAttributes } from '../span.ts';

const STREAM_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The producer's stream id; undefined where there is none, or something that is no id. */
export function streamIdOf(resource: OtlpAttributes): string | undefined {
  const id = resource.get(ATTR_AUDIT_SEQUENCE_STREAM_ID);
  return typeof id === 'string' && STREAM_ID.test(id) ? id : undefined;
}

/** The producer's number of a span, from 1; undefined where there is none. */
export function sequenceNumberOf(span: OtlpAttributes): number | undefined {
  const number = span.get(ATTR_AUDIT_SEQUENCE_NUMBER);
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 1 ? number : undefined;
}
