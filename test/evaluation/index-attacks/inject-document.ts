import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatCheckpoint, formatTlogProof, hashLeaf, parseTlogProof } from '@spanledger/ledger/verify';
import {
  closeDocument,
  encodeCanonical,
  isJsonObject,
  openDocument,
  type JsonObject,
} from '@spanledger/record';
import { rowRemoval } from '../../support/exporter/row-removal.ts';
import type { IndexAttack, ProvenDocument } from '../index-attack.ts';
import { mendDocument } from './edit-document.ts';

/** A record that was never recorded, made of one that was. */
function forgeDocument(document: JsonObject, user: string): JsonObject {
  const { record, openings, integrity } = closeDocument(document);
  const audit = isJsonObject(record['audit']) ? record['audit'] : {};
  const identity = { salt: 'AAAAAAAAAAAAAAAAAAAAAA', value: { user: { id: user } } };
  const forged = { ...record, audit: { ...audit, record: { id: `forged-${user}` } } };
  return mendDocument(openDocument(forged, { ...openings, identity }, integrity));
}

/** A proof of a log that has this document as its only entry. */
function forgeProof({ document, proof }: ProvenDocument, sign: (text: string) => string): ProvenDocument {
  const parsed = parseTlogProof(proof);
  if (!parsed.ok) throw new TypeError(parsed.detail);
  const { record, openings } = closeDocument(document);
  const audit = isJsonObject(record['audit']) ? record['audit'] : {};
  const place = isJsonObject(audit['ledger']) ? audit['ledger'] : {};
  const { previous: _previous, ...others } = place;
  const only = { ...record, audit: { ...audit, ledger: { ...others, index: 0 } } };
  const root = hashLeaf(encodeCanonical(only));
  const { origin = '' } = place;
  if (typeof origin !== 'string') throw new TypeError('a record without an origin');
  const checkpoint = sign(formatCheckpoint({ origin, size: 1, root }));
  const hash = Buffer.from(root).toString('hex');
  return {
    document: openDocument(only, openings, { hash, checkpointSize: 1 }),
    proof: formatTlogProof({ ...parsed.value, index: 0, hashes: [], checkpoint }),
  };
}

export const injectDocument: IndexAttack = {
  name: 'inject an indexed document',
  needs: 'index',
  about:
    'A forged document that agrees with itself is brought along with the proof of the record whose place it takes; or the embedded index leads to a record past the end of the ledger, or to one under words of another.',
  async commit({ documents, random, copyDirectory }) {
    const proven = random.pick(documents);
    const choice = random.integer(3);
    if (choice === 0)
      return { ...proven, document: forgeDocument(proven.document, `mallory${random.integer(99)}`) };
    const directory = await copyDirectory();
    using database = new DatabaseSync(join(directory, 'index/index.db'));
    const insert = database.prepare('INSERT INTO postings (rowid, tokens) VALUES (?, ?)');
    if (choice === 1) {
      insert.run(documents.length + random.between(1, 100), '+ ?none event.outcome=failure');
    } else {
      const row = 1 + random.integer(documents.length);
      database.exec('CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, postings, instance)');
      const words = database.prepare('SELECT term FROM temp.vocabulary WHERE doc = ?').all(row);
      database.exec(rowRemoval(row));
      insert.run(row, [...words.map(({ term }) => String(term)), 'event.outcome=failure'].join(' '));
    }
    return { directory };
  },
};

export const injectDocumentWithKey: IndexAttack = {
  name: 'inject a document, with the key',
  needs: 'key',
  about:
    'A forged document is brought along with a proof of its own: a log that nobody else ever saw, under a checkpoint that is signed with the log’s own key.',
  why: 'Who verifies a document from its proof alone, asking nobody, believes the signature of the log. Ask the log itself for the proof (no `--proof`), and verify the log: this document is not in it.',
  expected: { alone: 'none', kept: 'none' },
  commit({ documents, random, signer }) {
    const proven = random.pick(documents);
    const document = forgeDocument(proven.document, `mallory${random.integer(99)}`);
    return Promise.resolve(forgeProof({ ...proven, document }, (text) => signer.signNote(text)));
  },
};
