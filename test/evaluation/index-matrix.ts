import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArchive, verifyIndex } from '@spanledger/audit-exporter';
import { fileTiles, LedgerReader, loadSigner, type NoteSigner } from '@spanledger/ledger';
import { parseVerificationKey, verifyDocument } from '@spanledger/ledger/verify';
import { recordLog } from '../e2e/support/recorded-log.ts';
import type { IndexAttack, ProvenDocument, Suspect } from './index-attack.ts';
import { INDEX_ATTACKS } from './index-attacks/index.ts';
import { countFindings, forColumns, type Column, type Finding, type Row } from './matrix.ts';
import { Random } from './random.ts';
import { readLog } from './recorded-log.ts';
import { EvaluationWitness } from './witnessing.ts';

/** How many spans the service records. */
export const INDEXED_RECORDS = 300;

/** What a service left behind, and what came out of its index. */
export interface IndexScene {
  seed: string;
  directory: string;
  signer: NoteSigner;
  documents: ProvenDocument[];
  /** Has signed every checkpoint of the service's log. */
  witness: EvaluationWitness;
}

/**
 * Has a service record spans, and takes every document with its proof out of its index. Directory and witness are to be
 * let go of in the end.
 */
export async function recordIndex(seed: string): Promise<IndexScene> {
  const directory = await recordLog(INDEXED_RECORDS);
  const archive = await openArchive(directory);
  try {
    const witness = await EvaluationWitness.open([await archive.vkey()]);
    await cosignDirectory(join(directory, 'ledger'), witness);
    const { records } = await archive.search({ query: '*', order: 'asc', limit: 1000 });
    const log = new LedgerReader(fileTiles(join(directory, 'ledger')));
    const documents = await Promise.all(
      records.map(async (document, index) => ({ document, proof: await log.tlogProof(index) })),
    );
    const key = parseVerificationKey(await archive.vkey());
    if (!key.ok) throw new TypeError(key.detail);
    const pem = await readFile(join(directory, 'keys/ledger.key'), 'utf8');
    return { seed, directory, signer: loadSigner(pem, key.value.name), documents, witness };
  } finally {
    await archive.close();
  }
}

async function cosignDirectory(ledger: string, witness: EvaluationWitness): Promise<void> {
  for (const [path, bytes] of await witness.cosign(await readLog(ledger))) {
    if (!path.startsWith('tile/')) await writeFile(join(ledger, path), bytes);
  }
}

/** Runs every attack on an index. */
export async function evaluateIndexAttacks(
  scene: IndexScene,
  placements: number,
  onRow: (name: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const attack of INDEX_ATTACKS) {
    onRow(attack.name);
    const cells = await countFindings(placements, (placement) => strike(scene, attack, placement));
    const { name, needs, about, why } = attack;
    rows.push({ name, needs, about, cells, ...(why !== undefined && { why }) });
  }
  return rows;
}

/** Verifies what nobody touched: documents one by one, and the index as a whole. */
export async function evaluateSoundIndex(scene: IndexScene, placements: number): Promise<Row[]> {
  const random = new Random(`${scene.seed}/documents`);
  const sound = (suspect: Suspect): Promise<Record<Column, Finding>> => judge(scene, suspect, () => false);
  return [
    {
      name: 'a document as the index gives it',
      needs: '',
      about: 'A document from a search, with the proof that the log gives for it.',
      cells: await countFindings(placements, () => sound(random.pick(scene.documents))),
    },
    {
      name: 'the index as the service left it',
      needs: '',
      about: 'Index, sessions and vault of a data directory whose service was stopped.',
      cells: await countFindings(placements, () => sound({ directory: scene.directory })),
    },
  ];
}

async function strike(
  scene: IndexScene,
  attack: IndexAttack,
  placement: number,
): Promise<Record<Column, Finding>> {
  const { seed, directory, signer, documents } = scene;
  const copies: string[] = [];
  const copyDirectory = async (): Promise<string> => {
    const copy = await mkdtemp(join(tmpdir(), 'spanledger-evaluation-'));
    copies.push(copy);
    await cp(directory, copy, { recursive: true });
    return copy;
  };
  try {
    const random = new Random(`${seed}/${attack.name}/${placement}`);
    const suspect = await attack.commit({ documents, signer, random, copyDirectory });
    return await judge(scene, suspect, (column) => (attack.expected?.[column] ?? 'all') === 'all');
  } finally {
    await Promise.all(copies.map((copy) => rm(copy, { recursive: true, force: true })));
  }
}

/**
 * What the product's verification finds. Of a document a kept checkpoint makes no difference, and what follows a ledger
 * is compared with the ledger alone, whoever vouches for that.
 */
async function judge(
  { signer, witness }: IndexScene,
  suspect: Suspect,
  mustFail: (column: Column) => boolean,
): Promise<Record<Column, Finding>> {
  const index = 'document' in suspect ? undefined : await verifyIndex(suspect.directory, { env: {} });
  return await forColumns((column) => {
    const witnesses = column === 'witness' || column === 'asked' ? [witness.vkey] : [];
    const report =
      'document' in suspect ? verifyDocument({ ...suspect, vkey: signer.vkey, witnesses }) : index;
    const codes = (report?.failures ?? []).map(({ code }) => code);
    return Promise.resolve({ codes, mustFail: mustFail(column) });
  });
}
