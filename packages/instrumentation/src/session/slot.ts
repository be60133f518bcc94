import type { RecordedSpan } from '../otlp/recorded-span.ts';
import type { Session } from './session.ts';
import type { TokenInfo } from './token.ts';

/** The one key under which a span holds its slot. */
export const SLOT: unique symbol = Symbol.for('spanledger.slot');

/** A span that may hold a slot. */
export interface SlottedSpan extends RecordedSpan {
  [SLOT]?: SessionSlot;
}

/** What a slot was bound to: a session, and the token that proved it this time. */
export interface Binding {
  readonly session: Session;
  readonly token: TokenInfo | undefined;
  /** `propagated`: another service vouched for it. It gives way to what the application verifies itself. */
  readonly source?: 'propagated';
}

/**
 * What the spans of one request (or job) have in common: the place for its session. It is made with the local root,
 * shared by every span below it through the parent found in the context, and written once.
 */
export class SessionSlot {
  /** The local root while it is open. */
  root: SlottedSpan | undefined;
  binding: Binding | undefined;
  /** Spans that ended before there was a session; undefined before the first, null once none will be waited for. */
  held: HeldSpan[] | null | undefined;
  /** The bound for which spans of it went without waiting any longer. */
  exceeded: string | undefined;
  /** The slot of the scope it was made in, while that may still learn a session from it. */
  enclosing: SessionSlot | undefined;
  /** After the request was over, somebody else was met in it: nobody knows whose the rest is. */
  contested = false;

  constructor(root: SlottedSpan | undefined) {
    this.root = root;
  }
}

/** A span that waits for its session. */
export interface HeldSpan {
  readonly span: SlottedSpan;
  /** When it ended, in milliseconds of a monotonic clock. */
  readonly endedAt: number;
  /** Its sequence number, once it has been written provisionally. */
  number: number | undefined;
}

/** The slot of the span that is active in `context`, if there is one. */
export function slotInContext(span: unknown): SessionSlot | undefined {
  if (typeof span !== 'object' || span === null) return undefined;
  // Not Reflect.get: this runs at every start of a span, and a named load is cached.
  const slot = SLOT in span ? span[SLOT] : undefined;
  return slot instanceof SessionSlot ? slot : undefined;
}

/** Whether a slot takes a binding: it has none yet, or one that gives way. */
export function takesBinding({ binding, contested }: SessionSlot, candidate: Binding): boolean {
  if (contested) return false;
  return binding === undefined || (binding.source === 'propagated' && candidate.source === undefined);
}
