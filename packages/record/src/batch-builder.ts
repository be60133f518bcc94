import { COMMITMENT_GROUPS } from './audit-record.ts';
import type { CommitmentGroup } from './audit-record.ts';
import { encodeBase64url } from './base64url.ts';
import { CanonicalBuffer } from './canonical-json/byte-writer.ts';
import { membersInOrder } from './canonical-json/member-order.ts';
import { SALT_BYTES } from './commitment.ts';
import type { RandomBytes, Sha256 } from './commitment.ts';
import type { RecordDraft } from './draft.ts';
import { LEDGER_MEMBER_MAX_BYTES, MAX_BATCH_ENTRIES, MAX_ENTRY_BYTES } from './entry-batch.ts';
import type { EntryBatch } from './entry-batch.ts';
import { RecordError } from './errors.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { MAX_GROUP_BYTES } from './limits.ts';
import { shrink } from './shrink.ts';

/** A draft with the references that the service drew for its subject and session. */
export interface ReferencedDraft {
  draft: RecordDraft;
  /** `audit.actor.id`. */
  actorRef: string;
  /** `audit.session.id`; absent where the draft has no session. */
  sessionRef?: string;
}

/** What the builder needs from the runtime. */
export interface BatchCrypto {
  randomBytes: RandomBytes;
  sha256: Sha256;
  /** The same digest as base64url without padding, where the runtime has it in one call. */
  sha256Base64url?: (bytes: Uint8Array) => string;
}

/** First guesses of the bytes of an entry and of its openings: too small costs a copy, too large next to nothing. */
const TYPICAL_ENTRY_BYTES = 1_792;
const TYPICAL_OPENINGS_BYTES = 1_024;

/** What an entry may take before the ledger adds its own member. */
const MAX_BYTES_BEFORE_LEDGER = MAX_ENTRY_BYTES - LEDGER_MEMBER_MAX_BYTES;

/** Members of a record that identify it: never cut, and short. */
const NEVER_CUT: ReadonlySet<string> = new Set(['@timestamp', 'audit', 'ecs', 'parent', 'span', 'trace']);
const NONE: ReadonlySet<string> = new Set();

/**
 * Turns drafts into a batch of canonical bytes: draws a salt for each group, commits to it, and writes record and
 * openings end to end. This is the hot path of the intake; nothing here is serialised twice.
 *
 * A group over `MAX_GROUP_BYTES` and a record over `MAX_ENTRY_BYTES` are cut, the largest values first, and
 * `audit.truncated` names what was.
 *
 * @throws RecordError `batch_too_large` past `MAX_BATCH_ENTRIES`; `entry_too_large` for a draft that cannot be cut
 *   to size; `value_not_json` or `value_too_deep` for one that is no JSON; `record_malformed` for one without the
 *   members that every record has.
 */
export function buildEntryBatch(drafts: readonly ReferencedDraft[], crypto: BatchCrypto): EntryBatch {
  if (drafts.length > MAX_BATCH_ENTRIES) {
    throw new RecordError(
      'batch_too_large',
      `A batch of ${drafts.length} entries is over ${MAX_BATCH_ENTRIES}.`,
      {
        hint: 'Send smaller requests.',
      },
    );
  }
  const builder = new BatchBuilder(drafts.length, crypto);
  for (const draft of drafts) builder.add(draft);
  return builder.batch();
}

class BatchBuilder {
  readonly #entries: CanonicalBuffer;
  readonly #openings: CanonicalBuffer;
  readonly #ends: Uint32Array;
  readonly #holes: Uint32Array;
  readonly #openingEnds: Uint32Array;
  readonly #salts: Uint8Array;
  readonly #commit: (bytes: Uint8Array) => string;
  #saltOffset = 0;
  #count = 0;

  constructor(count: number, { randomBytes, sha256, sha256Base64url }: BatchCrypto) {
    this.#entries = new CanonicalBuffer(count * TYPICAL_ENTRY_BYTES);
    this.#openings = new CanonicalBuffer(count * TYPICAL_OPENINGS_BYTES);
    this.#ends = new Uint32Array(count);
    this.#holes = new Uint32Array(count);
    this.#openingEnds = new Uint32Array(count);
    this.#salts = randomBytes(count * COMMITMENT_GROUPS.length * SALT_BYTES);
    this.#commit = sha256Base64url ?? ((bytes) => encodeBase64url(sha256(bytes)));
  }

  add({ draft, actorRef, sessionRef }: ReferencedDraft): void {
    const truncated = new Set<string>();
    const commitments = this.#writeOpenings(draft.groups, truncated);
    const managed: JsonObject = { actor: { id: actorRef, type: draft.subject?.type ?? 'system' } };
    if (commitments !== undefined) managed['commitments'] = commitments;
    if (sessionRef !== undefined) managed['session'] = { id: sessionRef };

    const start = this.#entries.length;
    if (!this.#writeEntry(draft.clear, managed, truncated)) {
      const shrunk = shrink(draft.clear, NEVER_CUT, ({ value, fields }) => {
        this.#entries.length = start;
        return this.#writeEntry(value, managed, new Set([...truncated, ...fields]));
      });
      if (shrunk === undefined) {
        throw new RecordError(
          'entry_too_large',
          `The record ${draft.id} cannot be cut to ${MAX_ENTRY_BYTES} bytes.`,
        );
      }
    }
    this.#count++;
  }

  batch(): EntryBatch {
    return {
      count: this.#count,
      bytes: this.#entries.view(),
      ends: this.#ends,
      holes: this.#holes,
      openings: this.#openings.view(),
      openingEnds: this.#openingEnds,
    };
  }

  /** Writes the openings of one entry and returns the commitments to them. */
  #writeOpenings(groups: RecordDraft['groups'], truncated: Set<string>): JsonObject | undefined {
    let commitments: JsonObject | undefined;
    for (const group of COMMITMENT_GROUPS) {
      const value = groups[group];
      if (value === undefined || isEmpty(value)) continue;
      this.#openings.writeAscii(commitments === undefined ? '{' : ',');
      commitments ??= {};
      commitments[group] = this.#writeOpening(group, value, truncated);
    }
    this.#openings.writeAscii(commitments === undefined ? '{}' : '}');
    this.#openingEnds[this.#count] = this.#openings.length;
    return commitments;
  }

  /**
   * Writes `"group":{"salt":…,"value":…}` and returns the commitment. What is hashed ends in the same bytes, so it
   * is written first, and its longer beginning is then replaced.
   */
  #writeOpening(group: CommitmentGroup, value: JsonObject, truncated: Set<string>): string {
    const openings = this.#openings;
    const start = openings.length;
    const hashed = `{"group":"${group}",`;
    const stored = `"${group}":{`;
    openings.writeAscii(hashed);
    openings.writeAscii('"salt":"');
    openings.writeBase64url(this.#salts, this.#saltOffset, this.#saltOffset + SALT_BYTES);
    this.#saltOffset += SALT_BYTES;
    openings.writeAscii('","value":');
    this.#writeGroup(group, value, truncated);
    openings.writeAscii('}');
    const commitment = this.#commit(openings.view(start));
    openings.moveTail(start + stored.length, start + hashed.length);
    openings.overwriteAscii(start, stored);
    return commitment;
  }

  /** Writes a group's value, cut to size where it must be. */
  #writeGroup(group: CommitmentGroup, value: JsonObject, truncated: Set<string>): void {
    const openings = this.#openings;
    const start = openings.length;
    const write = (candidate: JsonObject): boolean => {
      openings.length = start;
      openings.writeValue(candidate);
      return openings.length - start <= MAX_GROUP_BYTES;
    };
    if (write(value)) return;
    const shrunk = shrink(value, NONE, (candidate) => write(candidate.value));
    if (shrunk === undefined) {
      throw new RecordError(
        'entry_too_large',
        `A group cannot be cut to ${MAX_GROUP_BYTES} bytes: ${group}.`,
      );
    }
    for (const field of shrunk.fields) truncated.add(field);
  }

  /** Writes one entry, or returns false where it is too large. */
  #writeEntry(clear: JsonObject, managed: JsonObject, truncated: ReadonlySet<string>): boolean {
    const audit = clear['audit'];
    if (!isJsonObject(audit) || typeof audit['outcome'] !== 'string') {
      throw new RecordError('record_malformed', 'A draft needs an audit object with an outcome.');
    }
    const entries = this.#entries;
    const start = entries.length;
    for (const { name, head } of membersInOrder(clear)) {
      entries.writeBytes(head);
      if (name === 'audit') this.#writeAudit(audit, managed, truncated);
      else entries.writeValue(memberOf(clear, name));
    }
    entries.writeAscii('}');
    this.#ends[this.#count] = entries.length;
    return entries.length - start <= MAX_BYTES_BEFORE_LEDGER;
  }

  /** Writes the audit member, and notes where the ledger will put its own. */
  #writeAudit(audit: JsonObject, managed: JsonObject, truncated: ReadonlySet<string>): void {
    const entries = this.#entries;
    const all: JsonObject = { ...audit, ...managed };
    if (truncated.size > 0) all['truncated'] = [...new Set([...truncatedBefore(audit), ...truncated])].sort();
    let hole = 0;
    for (const { name, head } of membersInOrder(all)) {
      // "actor" always stands before "ledger" and "outcome" after it: the hole has a comma on its left and needs one.
      if (hole === 0 && name > 'ledger') hole = entries.length + 1;
      entries.writeBytes(head);
      entries.writeValue(memberOf(all, name));
    }
    entries.writeAscii('}');
    this.#holes[this.#count] = hole;
  }
}

/** A member that must be there. */
function memberOf(object: JsonObject, name: string): JsonValue {
  const value = object[name];
  if (value === undefined) throw new RecordError('value_not_json', `The member ${name} is undefined.`);
  return value;
}

function truncatedBefore(audit: JsonObject): string[] {
  const before = audit['truncated'];
  return Array.isArray(before) ? before.filter((name) => typeof name === 'string') : [];
}

function isEmpty(object: JsonObject): boolean {
  for (const name in object) return !Object.hasOwn(object, name);
  return true;
}
