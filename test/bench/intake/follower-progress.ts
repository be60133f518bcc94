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
