import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
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

/**
 * Reads it from the service's metrics.
 *
 * @param dataDirectory - Where given, the vault is looked at too. It takes in whole segments of the journal, once they are
 *   20 s old or 64 MiB large: that much of its lag is meant.
 */
export async function readProgress(port: number, dataDirectory?: string): Promise<Progress> {
  const atMs = performance.now();
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const published = /^spanledger_ledger_entries\{moment="published"\} (\d+)$/m.exec(text)?.[1];
  if (published === undefined) throw new Error('the metrics do not say what is published');
  const samples = [...text.matchAll(/^spanledger_follower_lag\{follower="([^"]+)"\} (\d+)$/gm)];
  const lags = Object.fromEntries(samples.map(([, name = '', lag]) => [name, Number(lag)]));
  if (dataDirectory !== undefined) lags['vault'] = await vaultLag(dataDirectory, Number(published));
  return { atMs, published: Number(published), lags };
}

/** Published records whose opened groups are still in the journal, whose segments are named by their first record. */
async function vaultLag(dataDirectory: string, published: number): Promise<number> {
  const names = await readdir(join(dataDirectory, 'journal'));
  const firsts = names.filter((name) => name.endsWith('.segment')).map((name) => Number.parseInt(name, 10));
  return Math.max(0, published - Math.min(published, ...firsts));
}

/**
 * Waits until no follower lags behind, for as long as it may take.
 *
 * @returns the seconds that each of them took
 */
export async function untilCaughtUp(
  port: number,
  deadlineMs: number,
  dataDirectory?: string,
): Promise<Map<string, number>> {
  const begin = performance.now();
  const took = new Map<string, number>();
  while (performance.now() - begin < deadlineMs) {
    const { atMs, lags } = await readProgress(port, dataDirectory);
    for (const [name, lag] of Object.entries(lags)) {
      if (lag === 0 && !took.has(name)) took.set(name, (atMs - begin) / 1000);
    }
    if (Object.values(lags).every((lag) => lag === 0)) break;
    await delay(LOOK_MS);
  }
  return took;
}
