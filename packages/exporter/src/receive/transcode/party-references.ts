import type { ReferenceBook } from '../../reference-book.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import { type Parties, partiesOf } from './parties.ts';
import type { SpanFacts } from './span-writer.ts';
import type { Template } from './template.ts';
import { stringStart } from './wire-value.ts';

/** Names that are recognised by their bytes, a power of two; a name whose place another one has is asked for again. */
const PLACES = 8_192;
/** Longer names are asked for each time. */
const MAX_NAME_BYTES = 64;

const PRIME = 0x01000193;

/** References as records have them; the session's is empty where there is none. */
export type References = Pick<SpanFacts, 'actorRef' | 'sessionRef'>;

interface Place {
  issuer: string;
  name: Uint8Array;
  text: string;
  reference: string;
}

/**
 * Finds the references of who acted, and in which session, by the bytes of their names: those who come again and again
 * never become strings. What it remembers, it forgets when references change.
 */
export class PartyReferences {
  readonly #book: Pick<ReferenceBook, 'ofSubject' | 'ofSession' | 'generation'>;
  readonly #actors: Places = new Places();
  readonly #sessions: Places = new Places();
  #generation = -1;

  constructor(book: Pick<ReferenceBook, 'ofSubject' | 'ofSession' | 'generation'>) {
    this.#book = book;
  }

  /**
   * The references of a span's parties; undefined where the values that name them are out of the ordinary.
   *
   * @param values - where its attributes' values begin and end, by turns
   * @param shift - what is to be taken from that for offsets of the request
   * @throws ExporterError `request_malformed`
   */
  of(template: Template, values: Uint32Array, shift: number, reader: WireReader): References | undefined {
    if (this.#generation !== this.#book.generation) this.#forget();
    const { subject, session, sessionIssuer } = template;
    const { bytes } = reader;
    const actor =
      subject.kind === 'user'
        ? this.#actors.find(subject.issuer, bytes, values, shift, subject.attribute)
        : undefined;
    const inSession =
      session < 0 ? undefined : this.#sessions.find(sessionIssuer, bytes, values, shift, session);
    const isClient = subject.kind === 'user' && actor?.text === subject.client;
    if (actor !== undefined && !isClient && (session < 0 || inSession !== undefined)) {
      return { actorRef: actor.reference, sessionRef: inSession?.reference ?? '' };
    }
    const parties = partiesOf(template, values, shift, reader);
    return parties && this.#ask(parties, template, values, shift, bytes);
  }

  #ask(
    { subject, session }: Parties,
    template: Template,
    values: Uint32Array,
    shift: number,
    bytes: Uint8Array,
  ): References {
    const actorRef = this.#book.ofSubject(subject);
    const sessionRef = session === undefined ? '' : this.#book.ofSession(session);
    if (template.subject.kind === 'user') {
      const { issuer, attribute } = template.subject;
      this.#actors.put(issuer, bytes, values, shift, attribute, subject.id, actorRef);
    }
    if (session !== undefined) {
      const { session: attribute, sessionIssuer } = template;
      this.#sessions.put(sessionIssuer, bytes, values, shift, attribute, session.id, sessionRef);
    }
    return { actorRef, sessionRef };
  }

  #forget(): void {
    this.#actors.clear();
    this.#sessions.clear();
    this.#generation = this.#book.generation;
  }
}

/** Names by their bytes, each at one place. */
class Places {
  readonly #places: (Place | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  clear(): void {
    this.#places.fill(undefined);
  }

  /** What is known of the name that an attribute says. */
  find(
    issuer: string,
    bytes: Uint8Array,
    values: Uint32Array,
    shift: number,
    attribute: number,
  ): Place | undefined {
    const end = (values[2 * attribute + 1] ?? 0) - shift;
    const start = stringStart(bytes, (values[2 * attribute] ?? 0) - shift, end);
    if (start < 0 || end - start > MAX_NAME_BYTES) return undefined;
    const place = this.#places[placeOf(bytes, start, end)];
    return place?.issuer === issuer && isName(place.name, bytes, start, end) ? place : undefined;
  }

  put(
    issuer: string,
    bytes: Uint8Array,
    values: Uint32Array,
    shift: number,
    attribute: number,
    text: string,
    reference: string,
  ): void {
    const end = (values[2 * attribute + 1] ?? 0) - shift;
    const start = stringStart(bytes, (values[2 * attribute] ?? 0) - shift, end);
    if (start < 0 || end - start > MAX_NAME_BYTES) return;
    // A copy: the request's memory is used again.
    const name = new Uint8Array(bytes.subarray(start, end));
    this.#places[placeOf(bytes, start, end)] = { issuer, name, text, reference };
  }
}

function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), PRIME);
  return (hash ^ (hash >>> 13)) & (PLACES - 1);
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
