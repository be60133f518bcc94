import { HASH_BYTES, MAX_BUNDLE_BYTES, TILE_WIDTH, type TileSource } from './tile.ts';

/** The most bytes that are read of a file that is neither a tile nor a bundle. */
const MAX_OTHER_BYTES = 16 * 1024 * 1024;

/** How an {@link httpTiles} source asks. */
export interface HttpTilesOptions {
  /** Further request headers, `authorization` for example. */
  headers?: Record<string, string>;
  /** Aborts every request. */
  signal?: AbortSignal;
  /** How long one file may take, in milliseconds; 30,000 if not given. */
  timeoutMs?: number;
  /** What is called instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/**
 * Reads a log that is served by HTTP. 404 and 410 mean that a file is absent; every other status than 200, and
 * a body longer than the file can be, reject.
 *
 * @param url the log's prefix, with or without a final slash
 * @example
 * const report = await verifyLedger({ source: httpTiles('https://audit.example/'), vkey });
 */
export function httpTiles(url: string | URL, options: HttpTilesOptions = {}): TileSource {
  const prefix = new URL(url);
  if (!prefix.pathname.endsWith('/')) prefix.pathname += '/';
  const request = options.fetch ?? fetch;
  return {
    async read(path) {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
      const response = await request(new URL(path, prefix), {
        headers: options.headers ?? {},
        signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
      });
      if (response.status === 404 || response.status === 410) {
        await response.body?.cancel();
        return undefined;
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`${path}: HTTP status ${response.status}`);
      }
      return await readBody(path, response, maximumBytes(path));
    },
  };
}

function maximumBytes(path: string): number {
  if (path.startsWith('tile/entries/')) return MAX_BUNDLE_BYTES;
  return path.startsWith('tile/') ? TILE_WIDTH * HASH_BYTES : MAX_OTHER_BYTES;
}

async function readBody(path: string, response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the body, so that a server cannot go on sending.
    if (length > maxBytes) throw new Error(`${path}: more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
