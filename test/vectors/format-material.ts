import { createHash } from 'node:crypto';
import type { Cosigner, NoteSigner } from '@spanledger/ledger';
import {
  CompactRange,
  computeConsistencyProof,
  computeInclusionProof,
  encodeEntryBundle,
  formatCheckpoint,
  formatSignatures,
  hashLeaf,
  hashNode,
} from '@spanledger/ledger/verify';
import { cosignerFrom, signerFrom } from '../support/ledger/seeded-signers.ts';
import type { FormatInputs } from './format-verifiers.ts';

export const ORIGIN = 'vectors.spanledger.test/log';
const WITNESS = 'vectors.spanledger.test/witness';

/** How many entries the tree of the proofs has, and how many it had before. */
const SIZE = 13;
const FIRST_SIZE = 6;
const INDEX = 4;

/** What an attacker on a format has. */
export interface FormatMaterial {
  signer: NoteSigner;
  /** The log's second key. */
  successor: NoteSigner;
  /** A key of the attacker's under the log's name. */
  forger: NoteSigner;
  cosigner: Cosigner;
  /** A key of the attacker's under the witness's name. */
  falseCosigner: Cosigner;
  /** A sound input of each format. */
  sound: FormatInputs;
}

/** Makes it from fixed seeds. */
export async function makeMaterial(): Promise<FormatMaterial> {
  const signer = signerFrom('the key of the log', ORIGIN);
  const successor = signerFrom('the second key of the log', ORIGIN);
  const forger = signerFrom('the key of a forger', ORIGIN);
  const cosigner = cosignerFrom('the key of the witness', WITNESS);
  const falseCosigner = cosignerFrom('the key of a false witness', WITNESS);
  const entries = Array.from({ length: SIZE }, (_, i) => Buffer.from(`entry ${i}`));
  const checkpoint = signer.signNote(checkpointText(entries, SIZE));
  const text = `${checkpoint.split('\n\n')[0]}\n`;
  const leaves = entries.map(hashLeaf);
  const read = (level: number, index: number): Promise<Uint8Array> =>
    Promise.resolve(subtree(leaves, level, index));
  const root = rootAt(entries, SIZE);
  return {
    signer,
    successor,
    forger,
    cosigner,
    falseCosigner,
    sound: {
      note: { note: signer.signNote('A text.\nOf two lines.\n'), vkeys: [signer.vkey] },
      checkpoint: { note: checkpoint, vkey: signer.vkey },
      cosignature: {
        note: checkpoint + formatSignatures([cosigner.cosign(text, 1_790_000_000)]),
        witness: cosigner.vkey,
      },
      keys: { keys: firstStatement(signer, successor), vkey: signer.vkey },
      consistency: {
        first: { size: FIRST_SIZE, root: base64(rootAt(entries, FIRST_SIZE)) },
        second: { size: SIZE, root: base64(root) },
        hashes: (await computeConsistencyProof(FIRST_SIZE, SIZE, read)).map(base64),
      },
      inclusion: {
        index: INDEX,
        size: SIZE,
        leafHash: base64(leaves[INDEX] ?? new Uint8Array()),
        hashes: (await computeInclusionProof(INDEX, SIZE, read)).map(base64),
        root: base64(root),
      },
      bundle: { bytes: base64(encodeEntryBundle(entries)), width: SIZE },
    },
  };
}

/** What a key statement says, in the order of its lines. */
export interface StatementSketch {
  origin?: string;
  number?: number;
  previous?: string;
  key: string;
  from: number;
  replaces: string;
  replaced: string;
}

/** The text of a key statement, spelled out here: the format is what is tested. */
export function statementText(sketch: StatementSketch): string {
  const { origin = ORIGIN, number = 1, previous = 'none', key, from, replaces, replaced } = sketch;
  const lines = [
    'spanledger key statement v1',
    origin,
    `number ${number}`,
    `previous ${previous}`,
    `key ${key}`,
    `from ${from}`,
    `replaces ${replaces}`,
    `replaced ${replaced}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A text with the signatures of several signers. */
export function signTogether(text: string, signers: readonly NoteSigner[]): string {
  return `${text}\n${signers.map((signer) => signer.signNote(text).slice(text.length + 1)).join('')}`;
}

/** The hash by which a statement names the one before it. */
export function hashOfText(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** The statement by which the log's second key comes beside the first, at size 100. */
export function firstStatement(signer: NoteSigner, successor: NoteSigner): string {
  const text = statementText({
    key: successor.vkey,
    from: 100,
    replaces: signer.vkey,
    replaced: 'active',
  });
  return signTogether(text, [signer, successor]);
}

function checkpointText(entries: readonly Uint8Array[], size: number): string {
  return formatCheckpoint({ origin: ORIGIN, size, root: rootAt(entries, size) });
}

function rootAt(entries: readonly Uint8Array[], size: number): Uint8Array {
  const range = new CompactRange();
  for (const entry of entries.slice(0, size)) range.append(hashLeaf(entry));
  return range.root;
}

/** The hash over the 2^level leaves from index * 2^level on. */
function subtree(leaves: readonly Uint8Array[], level: number, index: number): Uint8Array {
  if (level === 0) return leaves[index] ?? new Uint8Array();
  return hashNode(subtree(leaves, level - 1, 2 * index), subtree(leaves, level - 1, 2 * index + 1));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
