import { hash } from 'node:crypto';
import {
  type Archive,
  type AuditPolicy,
  describeProblem,
  ExporterError,
  parsePolicy,
} from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import type { Context } from '../context.ts';
import { readInputFile } from '../input-files.ts';
import { MAX_LIMIT } from '../options.ts';
import { progressLine } from '../output/progress.ts';
import { printable } from '../output/text.ts';
import { pages } from '../pages.ts';

/** The policy that is in force, as the ledger has it. */
export interface RecordedPolicy {
  /** RFC 3339. */
  since: string;
  /** `started` or `changed`. */
  reason: string;
  sha256: string;
  /** The file; undefined where it is not opened, or is not what the hash is of. */
  text?: string;
  /** `audit.record.id`. */
  record: string;
}

/**
 * Reads a policy file that the command line names.
 *
 * @throws ExporterError `policy_invalid`, with every problem on a line of its own; CliError `file_unreadable`
 */
export async function readPolicyFile(name: string, context: Context): Promise<AuditPolicy> {
  return demandPolicy(await readInputFile(name, context), name);
}

/** @throws ExporterError `policy_invalid`, with every problem on a line of its own */
export function demandPolicy(text: string, name: string): AuditPolicy {
  const parsed = parsePolicy(text);
  if (parsed.ok) return parsed.policy;
  const problems = parsed.problems.map((problem) => printable(describeProblem(problem, name)));
  throw new ExporterError('policy_invalid', `no policy: ${problems.join('\n  ')}`, {
    hint: 'docs/policy.md describes each field.',
  });
}

/** The policy in force, by the newest record that says so; undefined where there is none. */
export async function findPolicy(archive: Pick<Archive, 'search'>): Promise<RecordedPolicy | undefined> {
  const { records } = await archive.search({
    query: 'event.action:policy.changed and event.outcome:success',
    limit: 1,
  });
  const [record] = records;
  const sha256 = at(record, 'audit', 'policy', 'sha256');
  if (record === undefined || typeof sha256 !== 'string') return undefined;
  const text = at(record, 'attributes', 'audit.policy.text');
  return {
    since: textOf(record['@timestamp']),
    reason: textOf(at(record, 'event', 'reason')),
    sha256,
    ...(typeof text === 'string' && hash('sha256', text, 'hex') === sha256 && { text }),
    record: textOf(at(record, 'audit', 'record', 'id')),
  };
}

/** Calls `work` with every record that matches, oldest first, and shows how far it is. */
export async function eachRecord(
  archive: Pick<Archive, 'count' | 'search'>,
  query: string,
  context: Context,
  work: (record: JsonObject) => void,
): Promise<void> {
  const { count: size } = await archive.count({ query });
  const line = progressLine(context.draw, context.now, context.err);
  const ask = async (limit: number, cursor?: string): Promise<{ items: JsonObject[]; next?: string }> => {
    const { records, next } = await archive.search({
      query,
      order: 'asc',
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    return { items: records, ...(next !== undefined && { next }) };
  };
  let verified = 0;
  try {
    for await (const records of pages(ask, MAX_LIMIT)) {
      for (const record of records) work(record);
      verified += records.length;
      line.update({ verified, size: Math.max(size, verified) });
    }
  } finally {
    line.clear();
  }
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner, name) => (isJsonObject(inner) ? inner[name] : undefined), value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
