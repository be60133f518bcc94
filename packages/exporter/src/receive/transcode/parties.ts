import {
  type DraftSession,
  type DraftSubject,
  MAX_STRING_LENGTH,
  type RecordDraft,
} from '@spanledger/record';
import type { WireReader } from '../wire/wire-reader.ts';
import type { Template } from './template.ts';
import { stringStart } from './wire-value.ts';

/** Who acted, and in which session. */
export interface Parties {
  subject: DraftSubject;
  session: DraftSession | undefined;
}

/**
 * The parties of a span; undefined where the values that name them are out of the ordinary.
 *
 * @param values - where its attributes' values begin and end, by turns
 * @param shift - what is to be taken from that for offsets of the request
 * @throws ExporterError `request_malformed`
 */
export function partiesOf(
  { subject, session, sessionIssuer }: Template,
  values: Uint32Array,
  shift: number,
  reader: WireReader,
): Parties | undefined {
  const sessionId = session < 0 ? undefined : textOf(session, values, shift, reader);
  if (session >= 0 && sessionId === undefined) return undefined;
  const named = sessionId === undefined ? undefined : { issuer: sessionIssuer, id: sessionId };
  if (subject.kind === 'fixed') return { subject: subject.subject, session: named };
  const id = textOf(subject.attribute, values, shift, reader);
  if (id === undefined || id === subject.client) return undefined;
  return { subject: { issuer: subject.issuer, id, type: subject.type }, session: named };
}

/** Whether the parties are those of a draft. */
export function areParties(
  { subject, session }: Parties,
  draft: Pick<RecordDraft, 'subject' | 'session'>,
): boolean {
  return (
    subject.id === draft.subject?.id &&
    subject.issuer === draft.subject.issuer &&
    subject.type === draft.subject.type &&
    session?.id === draft.session?.id &&
    session?.issuer === draft.session?.issuer
  );
}

/** The text of an attribute; undefined where it is none, empty, or too long to be kept whole. */
function textOf(
  attribute: number,
  values: Uint32Array,
  shift: number,
  reader: WireReader,
): string | undefined {
  const end = (values[2 * attribute + 1] ?? 0) - shift;
  const start = stringStart(reader.bytes, (values[2 * attribute] ?? 0) - shift, end);
  return start < 0 || start === end || end - start > MAX_STRING_LENGTH
    ? undefined
    : reader.textAt(start, end);
}
