import type { JournalReader } from '@spanledger/ledger';
import { parseOpenings } from '@spanledger/record';
import { actorOf, sessionOf } from './named-party.ts';
import type { References } from './references.ts';
import { parseSealedRecord } from './sealed-record.ts';

/**
 * Finds the references again that were drawn before the last stop and did not reach the vault: the journal holds both
 * the reference, in the record, and the name, in its openings.
 */
export async function rememberReferences(
  journal: Pick<JournalReader, 'segments' | 'read'>,
  references: Pick<References, 'remember'>,
): Promise<void> {
  const seen = new Set<string>();
  for (const { name } of journal.segments()) {
    for await (const group of journal.read(name)) {
      for (const [i, entry] of group.entries.entries()) {
        const openings = group.openings[i];
        if (openings === undefined) continue;
        const record = parseSealedRecord(entry);
        const isSeen = seen.has(record.actor.id) && (record.sessionRef === '' || seen.has(record.sessionRef));
        if (isSeen) continue;
        const opened = parseOpenings(openings);
        const actor = actorOf(record, opened);
        if (actor !== undefined) references.remember(actor, record.actor.id);
        const session = sessionOf(record, opened);
        if (session !== undefined) references.remember(session, record.sessionRef);
        seen.add(record.actor.id).add(record.sessionRef);
      }
    }
  }
}
