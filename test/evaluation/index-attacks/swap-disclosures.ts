import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  closeDocument,
  COMMITMENT_GROUPS,
  encodeCanonical,
  openDocument,
  type Openings,
} from '@spanledger/record';
import { loadKek } from '../../../packages/exporter/src/privacy/index.ts';
import { Vault } from '../../../packages/exporter/src/privacy/vault.ts';
import type { IndexAttack, IndexCrime, ProvenDocument } from '../index-attack.ts';

/** Two of the documents, of different people. */
function pickTwo({ documents, random }: IndexCrime): [ProvenDocument, ProvenDocument] {
  const first = random.pick(documents);
  const person = userOf(first);
  return [first, random.pick(documents.filter((other) => userOf(other) !== person))];
}

function userOf({ document }: ProvenDocument): string {
  return JSON.stringify(closeDocument(document).openings.identity?.value);
}

/** Exchanges what the vault opens of two boxes, sealed again with the vault's own keys. */
async function resealExchanged(directory: string): Promise<void> {
  const kek = await loadKek(join(directory, 'keys/kek'), undefined, false);
  const file = join(directory, 'vault/vault.db');
  using database = new DatabaseSync(file);
  const boxes = database
    .prepare(
      'SELECT chunk, scope, places FROM openings JOIN subjects ON id = subject WHERE chunk = 0 LIMIT 2',
    )
    .all()
    .map(({ scope, places }) => ({
      scope: String(scope),
      places: places instanceof Uint8Array ? [...places] : [],
    }));
  const vault = new Vault({ file, kek });
  const opened = new Map<number, Openings>(vault.openings(0, 256));
  vault.begin();
  for (const [i, { scope, places }] of boxes.entries()) {
    const others = boxes[1 - i]?.places ?? [];
    vault.putOpenings(
      vault.subjectKey(scope),
      places.map((place, at) => [place, encodeOpenings(opened.get(others[at % others.length] ?? 0))]),
    );
  }
  vault.commit(0, undefined);
  vault.close();
}

export const swapDisclosures: IndexAttack = {
  name: 'swap disclosures between documents',
  needs: 'index',
  about:
    'Opened groups with their salts change places between two documents of different people: one group, or all of them. Or they do so in the vault: two boxes exchange their places, or, by somebody who has the vault’s keys, their content, sealed again.',
  async commit(crime) {
    const { random, copyDirectory } = crime;
    const choice = random.integer(4);
    if (choice > 1) {
      const directory = await copyDirectory();
      if (choice === 2) await resealExchanged(directory);
      else exchangeBoxes(directory);
      return { directory };
    }
    const [mine, other] = pickTwo(crime);
    const closed = closeDocument(mine.document);
    const foreign = closeDocument(other.document).openings;
    const groups = COMMITMENT_GROUPS.filter((group) => foreign[group] !== undefined);
    const wanted = choice === 0 ? ['identity'] : groups;
    const swapped = Object.fromEntries(
      groups.filter((group) => wanted.includes(group)).map((group) => [group, foreign[group]]),
    );
    const openings: Openings = { ...closed.openings, ...swapped };
    return { document: openDocument(closed.record, openings, closed.integrity), proof: mine.proof };
  },
};

function encodeOpenings(openings: Openings = {}): Uint8Array {
  const groups = COMMITMENT_GROUPS.flatMap((group) => {
    const opening = openings[group];
    return opening === undefined ? [] : [[group, { salt: opening.salt, value: opening.value }] as const];
  });
  return encodeCanonical(Object.fromEntries(groups));
}

/** Exchanges two boxes of the vault as they are. */
function exchangeBoxes(directory: string): void {
  using database = new DatabaseSync(join(directory, 'vault/vault.db'));
  const [a, b] = database.prepare('SELECT chunk, subject, first, box FROM openings LIMIT 2').all();
  const put = database.prepare('UPDATE openings SET box = ? WHERE chunk = ? AND subject = ? AND first = ?');
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    if (from === undefined || to === undefined) throw new TypeError('the vault has fewer than two boxes');
    put.run(from['box'] ?? null, to['chunk'] ?? null, to['subject'] ?? null, to['first'] ?? null);
  }
}
