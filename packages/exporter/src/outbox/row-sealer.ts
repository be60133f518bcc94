/** Seals rows that may name people, so that a follower's database holds nothing in the clear. */
export interface RowSealer {
  /** @param name - where the row belongs: it opens nowhere else */
  seal(name: string, bytes: Uint8Array): Uint8Array;
  /** @returns undefined where key or name are others, or a byte was changed */
  open(name: string, box: Uint8Array): Uint8Array | undefined;
}
