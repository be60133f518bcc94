// Writes valid/ and invalid/: a document, its proof and the log's key in each file, and the failures that a verifier has
// to report. Everything is drawn from fixed seeds, so that a second run changes nothing:
//
//   node test/vectors/make.ts
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTiles, LedgerReader, loadSigner, memoryEpochKeys, openLedger } from '@spanledger/ledger';
import type { NoteSigner } from '@spanledger/ledger';
import { formatCheckpoint, hashLeaf, verifyDocument } from '@spanledger/ledger/verify';
import { buildEntryBatch, mapSpan, openDocument, parseOpenings, parseRecord } from '@spanledger/record';
import type { EntryBatch, OtlpSpan } from '@spanledger/record';
import { ATTACKS, withoutIdentity } from './attacks.ts';
import type { Evidence, Vector } from './vector.ts';

const ORIGIN = 'vectors.spanledger.test/log';
const ENTRIES = 7;
const FOLDER = import.meta.dirname;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** An Ed25519 key from a seed: the PKCS #8 frame is constant (RFC 8410). */
function signerFrom(seed: string): NoteSigner {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), digest(seed)]);
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return loadSigner(pem, ORIGIN);
}

function spanOf(i: number): OtlpSpan {
  const user = i % 2 === 0 ? 'alice' : 'bob';
  return {
    traceId: digest(`trace ${i}`).toString('hex').slice(0, 32),
    spanId: digest(`span ${i}`).toString('hex').slice(0, 16),
    parentSpanId: '',
    flags: 1,
    name: 'GET /orders/{id}',
    kind: 2,
    startTimeUnixNano: 1_790_000_000_000_000_000n + BigInt(i) * 1_000_000n,
    endTimeUnixNano: 1_790_000_000_000_000_000n + BigInt(i) * 1_000_000n + 250_000n,
    attributes: new Map<string, string | number | string[]>([
      ['audit.sequence.number', i + 1],
      ['client.address', '192.0.2.17'],
      ['http.request.method', 'GET'],
      ['http.response.status_code', 200],
      ['http.route', '/orders/{id}'],
      ['oidc.client_id', 'shop-web'],
      ['oidc.issuer', 'https://id.example.test'],
      ['oidc.scope', ['orders:read', 'openid']],
      ['session.id', `session of ${user}`],
      ['url.path', `/orders/${i}`],
      ['user.id', user],
    ]),
    events: [],
    status: { code: 0, message: '' },
  };
}

function makeBatch(): EntryBatch {
  let drawn = 0;
  const drafts = Array.from({ length: ENTRIES }, (_, i) =>
    mapSpan(spanOf(i), {
      resource: new Map([
        ['service.name', 'shop'],
        ['audit.sequence.stream_id', digest('producer').toString('hex').slice(0, 32)],
      ]),
      scope: { name: 'vectors', version: '1' },
    }).map((draft) => ({
      draft,
      actorRef: digest(`actor ${draft.subject?.id}`).toString('base64url').slice(0, 22),
      sessionRef: digest(`session ${draft.session?.id}`).toString('base64url').slice(0, 22),
    })),
  ).flat();
  const randomBytes = (size: number): Uint8Array => {
    const chunks: Buffer[] = [];
    for (let length = 0; length < size; length += 32) chunks.push(digest(`salt ${drawn++}`));
    return Buffer.concat(chunks).subarray(0, size);
  };
  return buildEntryBatch(drafts, {
    randomBytes,
    sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  });
}

/** A log of some entries; the evidence of each. */
async function recordEvidence(): Promise<Evidence[]> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-vectors-'));
  try {
    const signer = signerFrom('the key of the log');
    const batch = makeBatch();
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
  const forger = signerFrom('the key of a forger');
  const forge = (size: number, root: Uint8Array): string =>
    forger.signNote(formatCheckpoint({ origin: ORIGIN, size, root }));
  for (const [name, { about, apply }] of Object.entries(ATTACKS)) {
    const shown: Evidence = { ...mine, ...apply({ mine, other, forge, forgerKey: forger.vkey }) };
    await writeVector('invalid', name, { about, ...shown, failures: codesOf(shown) });
  }
}

await writeVectors(await recordEvidence());
