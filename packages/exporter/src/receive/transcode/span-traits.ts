import type { SpanShape } from '../shape/span-shape.ts';
import type { SpanScan } from '../wire/span-scan.ts';
import type { GroupContext } from './group-context.ts';

// What a span's traits are made of; `kernel/index.ts` has the same.
const HAS_PARENT = 4;
const HAS_NAME = 8;
const HAS_MESSAGE = 16;
const HAS_STREAM = 32;
/** The user is the client itself. */
export const IS_CLIENT = 64;

/** What beside its values and its place decides what a record is made of. */
export function traitsOf(
  shape: SpanShape,
  scan: SpanScan<unknown>,
  bytes: Uint8Array,
  { streamId }: GroupContext,
): number {
  return (
    scan.statusCode |
    (scan.parentId > 0 ? HAS_PARENT : 0) |
    (scan.nameEnd > scan.name ? HAS_NAME : 0) |
    (scan.messageEnd > scan.message ? HAS_MESSAGE : 0) |
    (streamId === '' ? 0 : HAS_STREAM) |
    (shape.user >= 0 && shape.client >= 0 && areSame(shape.user, shape.client, scan, bytes) ? IS_CLIENT : 0)
  );
}

/** Whether two attributes have the same value, as it stands in the request. */
function areSame(one: number, other: number, { values }: SpanScan<unknown>, bytes: Uint8Array): boolean {
  const [start = 0, end = 0] = [values[2 * one], values[2 * one + 1]];
  const shift = (values[2 * other] ?? 0) - start;
  if ((values[2 * other + 1] ?? 0) - end !== shift) return false;
  for (let at = start; at < end; at++) if (bytes[at] !== bytes[at + shift]) return false;
  return true;
}
