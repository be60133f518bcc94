import type { NoteSigner } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';
import type { Column } from './matrix.ts';
import type { Random } from './random.ts';

/** A document that came out of the index, with its proof. */
export interface ProvenDocument {
  document: JsonObject;
  /** A tlog-proof. */
  proof: string;
}

/** What somebody finds who may write to an index, or to what comes out of it. */
export interface IndexCrime {
  documents: readonly ProvenDocument[];
  /** The log's key, for attackers only who hold it. */
  signer: NoteSigner;
  random: Random;
  /** Makes a copy of the service's data directory, to be tampered with; the service is stopped. */
  copyDirectory: () => Promise<string>;
}

/** What is verified afterwards: a document with a proof, or a data directory. */
export type Suspect = ProvenDocument | { directory: string };

/** An attack on an index: a row of the matrix. */
export interface IndexAttack {
  /** The row's name. */
  name: string;
  /** What the attacker has: write access to the index and its documents; the log's private key too. */
  needs: 'index' | 'key';
  /** What is done, as a sentence or two. */
  about: string;
  /** Why a cell below the full count is what it is; absent where every cell is full. */
  why?: string;
  /** Whether columns have to notice all of it or none; all where not given. */
  expected?: Partial<Record<Column, 'all' | 'none'>>;
  commit: (crime: IndexCrime) => Promise<Suspect>;
}
