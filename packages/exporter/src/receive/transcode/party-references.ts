import type { ReferenceBook } from '../../reference-book.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import { partiesOf } from './parties.ts';
import type { SpanFacts } from './span-writer.ts';
import type { Template } from './template.ts';

/** References as records have them; the session's is empty where there is none. */
export type References = Pick<SpanFacts, 'actorRef' | 'sessionRef'>;

/** Finds the references of who acted, and in which session. */
export class PartyReferences {
  readonly #book: Pick<ReferenceBook, 'ofSubject' | 'ofSession' | 'generation'>;

  constructor(book: Pick<ReferenceBook, 'ofSubject' | 'ofSession' | 'generation'>) {
    this.#book = book;
  }

  /** Another number whenever a reference that was given may not be given any more. */
  get generation(): number {
    return this.#book.generation;
  }

  /**
   * The references of a span's parties; undefined where the values that name them are out of the ordinary.
   *
   * @param values - where its attributes' values begin and end, by turns
   * @param shift - what is to be taken from that for offsets of the request
   * @throws ExporterError `request_malformed`
   */
  of(template: Template, values: Uint32Array, shift: number, reader: WireReader): References | undefined {
    const parties = partiesOf(template, values, shift, reader);
    if (parties === undefined) return undefined;
    const { subject, session } = parties;
    return {
      actorRef: this.#book.ofSubject(subject),
      sessionRef: session === undefined ? '' : this.#book.ofSession(session),
    };
  }
}
