import { formatCount, formatMilliseconds } from './text.ts';

const REDRAW_MS = 100;
/** How often a line is written where there is no terminal. */
const LOG_MS = 30_000;
const CLEAR_LINE = '\r\u001B[K';

/** A line that shows how far something is, on a terminal; nothing anywhere else. */
export interface ProgressLine {
  update(progress: { verified: number; size: number }): void;
  /** Takes the line away. */
  clear(): void;
}

/**
 * Shows progress with rate and remaining time, redrawn in place.
 *
 * @param write - to the terminal; undefined where there is none
 * @param now - the time in milliseconds
 * @param log - where lines go now and then if there is no terminal; not asked for in the first half minute
 */
export function progressLine(
  write: ((text: string) => void) | undefined,
  now: () => number,
  log?: (text: string) => void,
): ProgressLine {
  const startedMs = now();
  const intervalMs = write === undefined ? LOG_MS : REDRAW_MS;
  let drawnMs = write === undefined ? startedMs : Number.NEGATIVE_INFINITY;
  let drawn = false;
  /** What was verified before: it says nothing about the rate. */
  let before: number | undefined;
  return {
    update(progress) {
      const atMs = now();
      before ??= progress.verified;
      if (atMs - drawnMs < intervalMs) return;
      drawnMs = atMs;
      const text = describeProgress(progress, atMs - startedMs, before);
      if (write === undefined) {
        log?.(`${text}\n`);
        return;
      }
      drawn = true;
      write(CLEAR_LINE + text);
    },
    clear() {
      if (drawn) write?.(CLEAR_LINE);
      drawn = false;
    },
  };
}

/** `12,000 of 50,000 entries (24 %), 41,000 entries/s, 1.2 s left`; `before` of them in an earlier run. */
export function describeProgress(
  progress: { verified: number; size: number },
  elapsedMs: number,
  before = 0,
): string {
  const { verified, size } = progress;
  const part = size === 0 ? 100 : Math.floor((verified / size) * 100);
  const done = `${formatCount(verified)} of ${formatCount(size)} entries (${part} %)`;
  if (verified <= before || elapsedMs <= 0) return done;
  const perMs = (verified - before) / elapsedMs;
  return `${done}, ${formatCount(Math.round(perMs * 1000))} entries/s, ${formatMilliseconds((size - verified) / perMs)} left`;
}
