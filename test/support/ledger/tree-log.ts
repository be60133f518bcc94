import { formatAddCheckpoint, generateSigner, type NoteSigner, type WatchedLog } from '@spanledger/ledger';
import {
  CompactRange,
  computeConsistencyProof,
  formatCheckpoint,
  hashLeaf,
  parseVerificationKey,
} from '@spanledger/ledger/verify';

/** A log of which there is nothing but its tree and its key; two of one name are forks of each other. */
export class TreeLog {
  readonly signer: NoteSigner;
  readonly #leaves: Uint8Array[];

  /**
   * @param leaves what the entries hold
   * @param signer without one a key is drawn
   */
  constructor(leaves: readonly string[], signer: NoteSigner = generateSigner('log.example/a')) {
    this.#leaves = leaves.map((leaf) => hashLeaf(Buffer.from(leaf)));
    this.signer = signer;
  }

  /** The same key over other entries from an index on. */
  forkedAt(index: number, count: number = this.#leaves.length): TreeLog {
    const leaves = Array.from({ length: count }, (_, i) => (i < index ? `entry ${i}` : `forged ${i}`));
    return new TreeLog(leaves, this.signer);
  }

  /** As a witness knows it. */
  get watched(): WatchedLog {
    const key = parseVerificationKey(this.signer.vkey);
    if (!key.ok) throw new TypeError(key.detail);
    return { origin: this.signer.origin, keys: [key.value] };
  }

  root(size: number): Uint8Array {
    return this.#rangeRoot(0, size);
  }

  /** The signed checkpoint of a size. */
  checkpoint(size: number): string {
    return this.signer.signNote(
      formatCheckpoint({ origin: this.signer.origin, size, root: this.root(size) }),
    );
  }

  proof(first: number, second: number): Promise<Uint8Array[]> {
    return computeConsistencyProof(first, second, (level, index) =>
      Promise.resolve(this.#rangeRoot(index * 2 ** level, (index + 1) * 2 ** level)),
    );
  }

  /** An add-checkpoint request from one size to another. */
  async request(oldSize: number, size: number): Promise<string> {
    const proof = oldSize <= size ? await this.proof(oldSize, size) : [];
    return formatAddCheckpoint({ oldSize, proof, note: this.checkpoint(size) });
  }

  #rangeRoot(from: number, to: number): Uint8Array {
    const range = new CompactRange();
    for (const leaf of this.#leaves.slice(from, to)) range.append(leaf);
    return range.root;
  }
}

/** An honest log of some entries. */
export function honestLog(size: number, signer?: NoteSigner): TreeLog {
  return new TreeLog(
    Array.from({ length: size }, (_, i) => `entry ${i}`),
    signer,
  );
}
