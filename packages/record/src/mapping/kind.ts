const KINDS: readonly string[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** `SpanKind` by its number. */
export const KIND_SERVER = 2;
/** `SpanKind` by its number. */
export const KIND_CLIENT = 3;
const KIND_CONSUMER = 5;

/** `span.kind`: the lower-case name; numbers that nobody has defined yet are unspecified. */
export function kindName(kind: number): string {
  return KINDS[kind] ?? 'unspecified';
}

/** True where the span answers somebody else's call. */
export function isInbound(kind: number): boolean {
  return kind === KIND_SERVER || kind === KIND_CONSUMER;
}
