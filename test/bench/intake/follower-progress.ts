import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 250;

/** How far the log and its followers were at a moment. */
export interface Progress {
  atMs: number;
  /** Records. */
  published: number;
  /** Published records that each follower has not taken in. */
  lags: Readonly<Record<string, number>>;
}

/** Reads it from the service's metrics. */
export async function readProgress(port: number): Promise<Progress> {
  const atMs = performance.now();
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const published = /^spanledger_ledger_entries\{moment="published"\} (\d+)$/m.exec(text)?.[1];
  if (published === undefined) throw new Error('the metrics do not say what is published');
  const lags = [...text.matchAll(/^spanledger_follower_lag\{follower="([^"]+)"\} (\d+)$/gm)];
  return {
    atMs,
    published: Number(published),
    lags: Object.fromEntries(lags.map(([, name = '', lag]) => [name, Number(lag)])),
  };
}

/**
 * Waits until no follower lags behind, for as long as it may take.
 *
 * @returns the seconds that each of them took
 */
export async function untilCaughtUp(port: number, deadlineMs: number): Promise<Map<string, number>> {
  const begin = performance.now();
  const took = new Map<string, number>();
  while (performance.now() - begin < deadlineMs) {
    const { atMs, lags } = await readProgress(port);
    for (const [name, lag] of Object.entries(lags)) {
      if (lag === 0 && !took.has(name)) took.set(name, (atMs - begin) / 1000);
    }
    if (Object.values(lags).every((lag) => lag === 0)) break;
    await delay(LOOK_MS);
  }
  return took;
}
