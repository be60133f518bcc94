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
  const boxes = firstBoxes(database);
  const vault = new Vault({ file, kek });
  const opened = new Map<number, Openings>(vault.openings(0, 256));
  vault.begin();
  vault.putOpenings(
    boxes.map(({ scope, indexes }, i) => {
      const others = boxes[1 - i]?.indexes ?? [];
      const entries = indexes.map((index, at): [number, Uint8Array] => [
        index,
        encodeOpenings(opened.get(others[at % others.length] ?? 0)),
      ]);
      return { owner: vault.scopeKey(scope), entries };
    }),
  );
  vault.commit(0, undefined);
  vault.close();
}

/** Two boxes with openings of the first 256 entries: of which entries, and whose. */
function firstBoxes(database: DatabaseSync): { scope: string; indexes: number[] }[] {
  const row = database.prepare('SELECT base, boxes FROM places WHERE tile = 0').get();
  const places = row?.['boxes'];
  if (!(places instanceof Uint8Array)) throw new TypeError('the vault has no boxes');
  const entriesOf = new Map<number, number[]>();
  const view = Buffer.from(places);
  for (let index = 0; index * 4 < view.length; index++) {
    const place = view.readUInt32LE(index * 4);
    if (place === 0) continue;
    const id = Number(row?.['base']) + place - 1;
    entriesOf.set(id, [...(entriesOf.get(id) ?? []), index]);
  }
  const select = database.prepare(
    'SELECT scope FROM boxes b JOIN subjects s ON s.id = b.subject WHERE b.id = ?',
  );
  return [...entriesOf]
    .slice(0, 2)
    .map(([id, indexes]) => ({ scope: String(select.get(id)?.['scope']), indexes }));
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
  const [a, b] = database.prepare('SELECT id, box FROM boxes LIMIT 2').all();
  const put = database.prepare('UPDATE boxes SET box = ? WHERE id = ?');
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    if (from === undefined || to === undefined) throw new TypeError('the vault has fewer than two boxes');
    put.run(from['box'] ?? null, to['id'] ?? null);
  }
}
