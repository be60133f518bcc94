import { COMMITMENT_GROUPS } from './audit-record.ts';
import type { Openings } from './audit-record.ts';
import { parseCanonical } from './canonical-json/parser.ts';
import { RecordError } from './errors.ts';
import { isJsonObject } from './json-object.ts';

/**
 * Reads one entry's openings as an `EntryBatch` carries them and as journal and vault keep them.
 *
 * @param bytes - JCS of {@link Openings}.
 * @throws RecordError `record_malformed` for anything else, `record_not_canonical` for another form of it.
 */
export function parseOpenings(bytes: Uint8Array): Openings {
  const object = parseCanonical(bytes);
  const openings: Openings = {};
  for (const group of COMMITMENT_GROUPS) {
    const member = object[group];
    if (member === undefined) continue;
    if (!isJsonObject(member)) throw malformed(`${group} must be an object`);
    const { salt, value } = member;
    if (typeof salt !== 'string' || !isJsonObject(value) || Object.keys(member).length !== 2) {
      throw malformed(`${group} must be {salt, value}`);
    }
    openings[group] = { salt, value };
  }
  if (Object.keys(object).length !== Object.keys(openings).length)
    throw malformed('there is a group of another name');
  return openings;
}

function malformed(reason: string): RecordError {
  return new RecordError('record_malformed', `These are no openings: ${reason}.`);
}
