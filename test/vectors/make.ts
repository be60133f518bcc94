// Writes valid/ and invalid/: a document, its proof and the log's key in each file, and the failures that a verifier has
// to report; and below them a folder for each smaller format. Everything is drawn from fixed seeds, so that a second run changes nothing:
//
//   node test/vectors/make.ts
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTiles, LedgerReader, memoryEpochKeys, openLedger } from '@spanledger/ledger';
import { formatCheckpoint, hashLeaf, verifyDocument } from '@spanledger/ledger/verify';
import { openDocument, parseOpenings, parseRecord } from '@spanledger/record';
import { signerFrom } from '../support/ledger/seeded-signers.ts';
import { makeSpanBatch } from '../support/ledger/span-batches.ts';
import { ATTACKS, withoutIdentity } from './attacks.ts';
import { writeFormatVectors } from './format-maker.ts';
import type { Evidence, Vector } from './vector.ts';

const ORIGIN = 'vectors.spanledger.test/log';
const ENTRIES = 7;
const FOLDER = import.meta.dirname;

/** A log of some entries; the evidence of each. */
async function recordEvidence(): Promise<Evidence[]> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-vectors-'));
  try {
    const signer = signerFrom('the key of the log', ORIGIN);
    const batch = makeSpanBatch({ count: ENTRIES });
    const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys() });
    await ledger.append(batch);
    await ledger.close();
    const reader = new LedgerReader(fileTiles(join(directory, 'ledger')));
    const evidence: Evidence[] = [];
    for await (const { index, bytes } of reader.entries(0, ENTRIES)) {
      const from = index === 0 ? 0 : batch.openingEnds[index - 1];
      const openings = parseOpenings(batch.openings.subarray(from, batch.openingEnds[index]));
      const hash = Buffer.from(hashLeaf(bytes)).toString('hex');
      evidence.push({
        document: openDocument(parseRecord(bytes), openings, { hash, checkpointSize: ENTRIES }),
        proof: await reader.tlogProof(index),
        vkey: signer.vkey,
      });
    }
    return evidence;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeVector(kind: 'valid' | 'invalid', name: string, vector: Vector): Promise<void> {
  await mkdir(join(FOLDER, kind), { recursive: true });
  await writeFile(join(FOLDER, kind, `${name}.json`), `${JSON.stringify(vector, null, 2)}\n`);
}

/** The codes are what this verifier says today; a reviewer of a change sees them in the diff. */
function codesOf(evidence: Evidence): string[] {
  return [...new Set(verifyDocument(evidence).failures.map(({ code }) => code))].toSorted();
}

async function writeVectors(evidence: readonly Evidence[]): Promise<void> {
  const [first, , mine, other] = evidence;
  if (first === undefined || mine === undefined || other === undefined)
    throw new TypeError('too few entries');
  await writeVector('valid', 'document', {
    about: 'A document as an index holds it.',
    ...mine,
    failures: [],
  });
  await writeVector('valid', 'first-entry', {
    about: 'The first entry has no predecessor.',
    ...first,
    failures: [],
  });
  await writeVector('valid', 'erased-identity', {
    about: 'Of a person who was erased, value and salt are gone; all else still verifies.',
    ...mine,
    document: withoutIdentity(mine.document),
    failures: [],
  });
  const forger = signerFrom('the key of a forger', ORIGIN);
  const forge = (size: number, root: Uint8Array): string =>
    forger.signNote(formatCheckpoint({ origin: ORIGIN, size, root }));
  for (const [name, { about, apply }] of Object.entries(ATTACKS)) {
    const shown: Evidence = { ...mine, ...apply({ mine, other, forge, forgerKey: forger.vkey }) };
    await writeVector('invalid', name, { about, ...shown, failures: codesOf(shown) });
  }
}

await writeVectors(await recordEvidence());
await writeFormatVectors();
