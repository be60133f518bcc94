import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { formatCount, formatMilliseconds } from '../../output/text.ts';
import { spoolDirectory } from '../../spool-place.ts';
import { type Finding, good, warning } from './finding.ts';

/** The most files that are looked at. */
const MAX_FILES = 10_000;

/** Spans that wait longer than this have a sender that does not get through. */
const MAX_WAIT_MS = 60_000;

const REJECTED_FOLDER = 'rejected';
const BYTES_PER_MIB = 1024 * 1024;

/** Spooled spans: how many bytes wait, since when, and how many requests the receiver refused. */
interface Spooled {
  bytes: number;
  oldestMs: number;
  refused: number;
}

/** Looks at the spools of the applications of this user: is anything stuck, was anything refused? */
export async function checkSpool(env: NodeJS.ProcessEnv, nowMs: number): Promise<Finding[]> {
  const directory = spoolDirectory(env);
  const { bytes, oldestMs, refused } = await measure(directory);
  const waitedMs = nowMs - oldestMs;
  const size =
    bytes < BYTES_PER_MIB ? `${formatCount(bytes)} bytes` : `${(bytes / BYTES_PER_MIB).toFixed(1)} MiB`;
  const findings: Finding[] = [];
  if (bytes > 0 && waitedMs > MAX_WAIT_MS) {
    const waiting = `${size} of spans in ${directory}, the last written ${formatMilliseconds(waitedMs)} ago`;
    const fix = 'They go out when an application of that service runs and SPANLEDGER_ENDPOINT answers.';
    findings.push(warning('spool', waiting, fix));
  } else
    findings.push(
      good('spool', bytes === 0 ? `nothing waits in ${directory}` : `${size} on the way in ${directory}`),
    );
  if (refused > 0) {
    const what = `${formatCount(refused)} requests were refused by the receiver and lie in ${REJECTED_FOLDER}/ below ${directory}`;
    findings.push(warning('spool', what, 'The service’s log says why; see docs/errors.md.'));
  }
  return findings;
}

async function measure(directory: string): Promise<Spooled> {
  const files = (await entries(directory)).filter((entry) => entry.isFile()).slice(0, MAX_FILES);
  const measured = await Promise.all(
    files.map(async ({ parentPath, name }) => ({
      name,
      parentPath,
      found: await fileStats(join(parentPath, name)),
    })),
  );
  const spooled: Spooled = { bytes: 0, oldestMs: Number.POSITIVE_INFINITY, refused: 0 };
  for (const { name, parentPath, found } of measured) {
    if (found === undefined) continue;
    if (basename(parentPath) === REJECTED_FOLDER) spooled.refused += 1;
    else if (name.endsWith('.segment')) {
      spooled.bytes += found.size;
      spooled.oldestMs = Math.min(spooled.oldestMs, found.mtimeMs);
    }
  }
  return spooled;
}

async function entries(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { recursive: true, withFileTypes: true });
  } catch {
    // No application has spooled here.
    return [];
  }
}

/** Undefined for a file that was sent and removed meanwhile. */
async function fileStats(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}
