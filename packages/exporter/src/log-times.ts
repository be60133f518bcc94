import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { OpeningsReader } from './openings.ts';
import { openSearchIndex, type SearchIndex } from './search/index.ts';
import { parseQuery } from './search/query/index.ts';

/** How long the index is waited for that a running service is about to write. */
const CATCH_UP_MS = 3000;
const POLL_MS = 50;

/** Where in a log records of a time are. */
export interface LogTimes {
  /** The first ledger index whose record is not earlier; lower where nobody knows. Milliseconds since the epoch. */
  firstAt(timeMs: number): Promise<number>;
  /** The ledger index after the last whose record is earlier; the log's size where nobody knows. */
  endAt(timeMs: number): Promise<number>;
  close(): void;
}

/** What tells where records of a time are. */
export interface LogTimesOptions {
  /** Path of the embedded index. */
  file: string;
  key: Uint8Array;
  openings: OpeningsReader;
  /** Entries of the log. */
  size: number;
}

/**
 * Asks the embedded index. What it has not taken in may be of any time.
 *
 * @throws ExporterError `index_damaged`
 */
export function timesInLog({ file, key, openings, size }: LogTimesOptions): LogTimes {
  const index = existsSync(file) ? openSearchIndex({ file, key, openings, readOnly: true }) : undefined;
  const find = async (
    operator: string,
    timeMs: number,
    order: 'asc' | 'desc',
  ): Promise<number | undefined> => {
    const query = parseQuery(`@timestamp ${operator} "${new Date(timeMs).toISOString()}"`);
    return (await index?.candidates({ query, order, limit: 1 }))?.indexes[0];
  };
  return {
    async firstAt(timeMs) {
      if (timeMs <= 0 || index === undefined) return 0;
      const position = index.position();
      return (await find('>=', timeMs, 'asc')) ?? position;
    },
    async endAt(timeMs) {
      if (index === undefined || !(await reaches(index, size))) return size;
      return Math.min(size, ((await find('<', timeMs, 'desc')) ?? -1) + 1);
    },
    close: () => index?.close(),
  };
}

async function reaches(index: SearchIndex, size: number): Promise<boolean> {
  const deadline = performance.now() + CATCH_UP_MS;
  while (index.position() < size && performance.now() < deadline) await delay(POLL_MS);
  return index.position() >= size;
}
