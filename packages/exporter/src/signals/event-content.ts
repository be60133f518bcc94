import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import type { SignalEvent } from './signal-record.ts';
import { toMs } from './signed-token.ts';

/** Text in the clear is a word. */
const WORD = /^[\x21-\x7e]{1,128}$/;

/** Items of a list in the clear. */
const MAX_WORDS = 32;

/** Members whose words stand in the clear, under `audit.signal`. CAEP 1.0, 2 and 3; RISC 1.0, 2; SSF 1.0, 8.1.5 */
const CLEAR_WORDS = [
  'change_direction',
  'change_type',
  'credential_type',
  'current_level',
  'initiating_entity',
  'namespace',
  'previous_level',
  'status',
];

/** Members that have places of their own, or none: `state` is a secret until it has been used. */
const PLACED: ReadonlySet<string> = new Set([
  ...CLEAR_WORDS,
  'acr',
  'amr',
  'claims',
  'event_timestamp',
  'state',
  'subject',
]);

/** The parts of a record that the payload of an event fills. */
export type EventContent = Pick<
  SignalEvent,
  'attributes' | 'atMs' | 'claims' | 'details' | 'oidc' | 'reason'
>;

/** When a token and its event say that it happened, and what time it is now; milliseconds since the epoch. */
export interface EventTimes {
  /** `toe`, a NumericDate. */
  happened: JsonValue | undefined;
  issuedMs: number;
  /** No event may be later. */
  latestMs: number;
}

/**
 * Sorts what an event says: words that tell what kind of change it was stand in the clear, claims belong to the person,
 * and everything else is content.
 *
 * @param family the name before the point of `event.action`
 */
export function readContent(family: string, payload: JsonObject, times: EventTimes): EventContent {
  const details: JsonObject = {};
  const attributes: JsonObject = {};
  for (const [name, value] of Object.entries(payload)) {
    if (CLEAR_WORDS.includes(name) && isWord(value)) details[name] = value;
    else if (!PLACED.has(name) || CLEAR_WORDS.includes(name)) attributes[`${family}.${name}`] = value;
  }
  const { acr, amr, claims, reason } = payload;
  const oidc = { ...(isWord(acr) && { acr }), ...(isWords(amr) && { amr }) };
  return {
    atMs: timeOf(payload, times),
    ...(isWord(reason) && { reason }),
    ...(Object.keys(details).length > 0 && { details }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(Object.keys(oidc).length > 0 && { oidc }),
    ...(isJsonObject(claims) && { claims }),
  };
}

/** The event's own time, else the token's; one that is yet to come is none. */
function timeOf(payload: JsonObject, { happened, issuedMs, latestMs }: EventTimes): number {
  const told = [payload['event_timestamp'], happened].map(toMs);
  return told.find((ms) => ms !== undefined && ms <= latestMs) ?? issuedMs;
}

/** Whether text may stand in the clear: it names a kind, not a person. */
export function isWord(value: unknown): value is string {
  return typeof value === 'string' && WORD.test(value);
}

function isWords(value: JsonValue | undefined): value is string[] {
  return Array.isArray(value) && value.length <= MAX_WORDS && value.every(isWord);
}
