/** A published checkpoint on its way to a place outside of the log. */
export interface AnchoredCheckpoint {
  /** The signed note. */
  note: string;
  size: number;
  origin: string;
}

/** A place to which checkpoints are handed, and which the log cannot reach back into. */
export interface AnchorTarget {
  /**
   * Hands over a checkpoint. The same one, or one of the same size, may come again after a crash.
   *
   * @param signal gives up when the service stops
   * @throws Error with a message for the operator; it is tried again with the newest checkpoint
   */
  hand(checkpoint: AnchoredCheckpoint, signal: AbortSignal): Promise<void>;
}

const NAME_DIGITS = 20;

/** What the file of an anchor is called: its size in 20 digits, so that names ascend as sizes do. */
export function anchorFileName(size: number): string {
  return String(size).padStart(NAME_DIGITS, '0');
}
