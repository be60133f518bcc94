import { createSender, sessionAttributes, toProtobuf } from './spans.ts';

const sender = createSender('background');

/**
 * A request of others that are recorded: calls of people one after the other, each in a session of their own.
 *
 * @param first - number of the first call
 * @param atMs - when they were, milliseconds since the epoch
 */
export function backgroundRequest(first: number, count: number, people: number, atMs: number): Uint8Array {
  const seconds = Math.floor(atMs / 1_000);
  const at: [number, number] = [seconds, Math.floor((atMs - seconds * 1_000) * 1_000_000)];
  const spans = Array.from({ length: count }, (_, i) => {
    const person = (first + i) % people;
    const attributes = {
      ...sessionAttributes(`person-${person}`, `session-${person}`),
      'client.address': `10.1.${person >> 8}.${person & 255}`,
    };
    return sender.span({ start: at, end: at, attributes });
  });
  return toProtobuf(spans);
}
