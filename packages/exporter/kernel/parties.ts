// References of who acted, and in which session, found by the bytes of their names: those who come again and again never
// become strings. What a name stands for, the other side finds out, once.
import {
  ACTOR_AT,
  MAX_PARTY_NAME_BYTES,
  NO_ATTRIBUTE,
  PARTIES,
  PARTIES_AT,
  PARTY_BYTES,
  PARTY_LENGTH,
  PARTY_NAME,
  PARTY_REFERENCE,
  REFERENCE_BYTES,
  SESSION_AT,
  TEMPLATE_ACTOR,
  TEMPLATE_SESSION,
  VALUES_AT,
} from '../src/receive/kernel/layout';
import { isSame } from './text';
import { stringStart } from './values';

const PRIME: u32 = 0x01000193;

/** The name that was looked at last. */
let name: usize = 0;
let nameBytes: usize = 0;

/** Puts the references of the span that was found last where programs take them from; false where one is not known. */
export function fetchParties(template: usize): bool {
  return fetch(template + TEMPLATE_ACTOR, ACTOR_AT) && fetch(template + TEMPLATE_SESSION, SESSION_AT);
}

/** Keeps the references that programs take, as those of the span that was found last. */
export function keepParties(template: usize): void {
  keep(template + TEMPLATE_ACTOR, ACTOR_AT);
  keep(template + TEMPLATE_SESSION, SESSION_AT);
}

/** Forgets all references. */
export function forgetParties(): void {
  memory.fill(PARTIES_AT, 0, PARTIES * PARTY_BYTES);
}

function fetch(party: usize, out: usize): bool {
  const namer = load<u32>(party);
  if (namer === 0) return true;
  if (!findName(load<u32>(party, 4))) return false;
  const place = placeOf(namer);
  if (load<u32>(place) !== namer || <usize>load<u32>(place, PARTY_LENGTH) !== nameBytes) return false;
  if (!isSame(place + PARTY_NAME, name, nameBytes)) return false;
  memory.copy(out, place + PARTY_REFERENCE, REFERENCE_BYTES);
  return true;
}

function keep(party: usize, reference: usize): void {
  const namer = load<u32>(party);
  if (namer === 0 || !findName(load<u32>(party, 4))) return;
  const place = placeOf(namer);
  store<u32>(place, namer);
  store<u32>(place, <u32>nameBytes, PARTY_LENGTH);
  memory.copy(place + PARTY_NAME, name, nameBytes);
  memory.copy(place + PARTY_REFERENCE, reference, REFERENCE_BYTES);
}

/** Finds what an attribute says; false where that is no text, or too long. */
function findName(attribute: u32): bool {
  nameBytes = 0;
  if (attribute === NO_ATTRIBUTE) return true;
  const value = VALUES_AT + (attribute << 3);
  const end = <usize>load<u32>(value, 4);
  name = stringStart(load<u32>(value), end);
  if (name === 0 || end - name > <usize>MAX_PARTY_NAME_BYTES) return false;
  nameBytes = end - name;
  return nameBytes > 0;
}

function placeOf(namer: u32): usize {
  let hash = (namer * PRIME) ^ <u32>nameBytes;
  let i: usize = 0;
  for (; i + 4 <= nameBytes; i += 4) hash = mix(hash ^ load<u32>(name + i));
  for (; i < nameBytes; i++) hash = mix(hash ^ <u32>load<u8>(name + i));
  return PARTIES_AT + <usize>((hash ^ (hash >>> 15)) & (PARTIES - 1)) * PARTY_BYTES;
}

@inline
function mix(hash: u32): u32 {
  const product = hash * PRIME;
  return product ^ (product >>> 16);
}
