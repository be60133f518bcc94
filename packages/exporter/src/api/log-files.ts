import {
  KEYS_PATH,
  MINIMUM_INDEX_PATH,
  parseEntryBundlePath,
  parseTilePath,
} from '@spanledger/ledger/verify';

/** A file of the log and how it is served. */
export interface LogFile {
  /** Relative to the log's prefix. */
  path: string;
  contentType: string;
  cacheControl: string;
}

const TEXT = 'text/plain; charset=utf-8';

/** Grows or is replaced: to be asked for anew each time. */
const CHANGING = 'no-cache';

/** C2SP tlog-tiles: what a tile path names never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

const TEXTS: ReadonlySet<string> = new Set(['checkpoint', KEYS_PATH, MINIMUM_INDEX_PATH]);

const HISTORY_PATH = /^checkpoints\/(index|\d{20})$/;

/**
 * Tells a file of the log by its path. Only a path that the format itself would write is one, so that none can lead
 * out of the log.
 *
 * @param path - without a leading slash
 * @returns undefined for everything else
 */
export function parseLogFile(path: string): LogFile | undefined {
  if (TEXTS.has(path)) return { path, contentType: TEXT, cacheControl: CHANGING };
  if (HISTORY_PATH.test(path)) return { path, contentType: TEXT, cacheControl: CHANGING };
  if (parseTilePath(path) === undefined && parseEntryBundlePath(path) === undefined) return undefined;
  return { path, contentType: 'application/octet-stream', cacheControl: IMMUTABLE };
}
