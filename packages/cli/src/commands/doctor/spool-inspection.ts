import { findSpools, inspectSpool } from '@spanledger/instrumentation-oidc/diagnostics';
import type {
  ProducerInspection,
  RejectedInspection,
  SpoolInspection,
} from '@spanledger/instrumentation-oidc/diagnostics';
import { formatCount, formatMilliseconds } from '../../output/text.ts';
import { bad, type Finding, good, warning } from './finding.ts';

/** Spans of a living process that wait longer than this have a sender that does not get through. */
const MAX_WAIT_MS = 60_000;

const BYTES_PER_MIB = 1024 * 1024;

const STATES: Readonly<Record<ProducerInspection['state'], string>> = {
  alive: 'runs',
  dead: 'has ended',
  elsewhere: 'on another machine or in another container',
  newer: 'of a newer version',
  sealed: 'sealed',
};

/**
 * Looks at a spool that somebody named: process by process, what waits in it, what was lost and what was refused.
 *
 * @param directory - The spool, or the folder above the spools of several services.
 * @param nowMs - Milliseconds since the epoch.
 */
export function inspectNamedSpool(directory: string, nowMs: number, keyFile: string | undefined): Finding[] {
  let spools;
  try {
    spools = findSpools(directory);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT') return [bad('spool', `${directory} is not there`, 'Check the name.')];
    if (code === 'ENOTDIR')
      return [bad('spool', `${directory} is no directory`, 'Name a directory with --spool.')];
    return [
      bad(
        'spool',
        `${directory} cannot be looked at (${code})`,
        'Run it as the user whom the directory belongs to.',
      ),
    ];
  }
  if (spools.length === 0) return [good('spool', `nothing waits in ${directory}`)];
  return spools.flatMap((path) => describeSpool(inspectSpool(path, nowMs, keyFile), nowMs));
}

function describeSpool(
  { directory, producers, rejected, unknown }: SpoolInspection,
  nowMs: number,
): Finding[] {
  const spans = producers.reduce((sum, { unsent }) => sum + unsent.spans, 0);
  const bytes = producers.reduce((sum, producer) => sum + producer.bytes, 0);
  const summary = `${count(spans, 'span')} of ${count(producers.length, 'process', 'processes')} wait in ${directory}, which takes ${formatBytes(bytes)}`;
  return [
    { ...good('spool', summary), data: { directory, processes: producers.length, spans, bytes } },
    ...producers.map((producer) => describeProducer(producer, nowMs)),
    ...unknown.map((name) => ofNewerVersion(`folder ${name}`, { folder: name })),
    ...describeRejected(rejected, nowMs),
  ];
}

function describeProducer(producer: ProducerInspection, nowMs: number): Finding {
  const { pid, state, since, segments, bytes, unsent, damaged, torn, unreadable, lost } = producer;
  const subject = `process ${pid}`;
  const data = { ...producer };
  if (state === 'newer') return ofNewerVersion(subject, data);
  if (state === 'sealed') {
    const fix = 'Set SPANLEDGER_SPOOL_KEY_FILE, as the application has it, to see what waits there.';
    return { ...warning(subject, 'sealed under a key that is not at hand', fix), data };
  }
  const waitedMs = unsent.oldest === undefined ? 0 : Math.max(0, nowMs - unsent.oldest);
  const parts = [
    `${STATES[state]}, since ${new Date(since).toISOString()}`,
    `${count(segments, 'segment')}, ${formatBytes(bytes)}`,
    unsent.spans === 0
      ? 'everything has arrived'
      : `${count(unsent.spans, 'span')} unsent, the oldest ended ${formatMilliseconds(waitedMs)} ago`,
    damaged === 0 && !unreadable && !torn ? 'undamaged' : undefined,
    torn ? 'torn at its end, which is repaired when it is sent' : undefined,
    damaged > 0 ? `damaged in ${count(damaged, 'place')}` : undefined,
    unreadable ? 'cannot be read to its end' : undefined,
    producer.truncated ? 'too much to be counted' : undefined,
    lost.total > 0 ? describeLost(lost) : undefined,
  ];
  const detail = parts.filter((part) => part !== undefined).join('; ');
  const fix = fixFor(producer, waitedMs);
  const finding = fix === undefined ? good(subject, detail) : warning(subject, detail, fix);
  return { ...finding, data };
}

function fixFor(
  { state, unsent, damaged, unreadable, lost }: ProducerInspection,
  waitedMs: number,
): string | undefined {
  if (unreadable) return 'Look at the disk, and whether it is this user who may read the folder.';
  if (state === 'dead' && unsent.spans > 0) {
    return 'They go out when an application of that service starts and SPANLEDGER_ENDPOINT answers.';
  }
  if (waitedMs > MAX_WAIT_MS) {
    return 'See whether SPANLEDGER_ENDPOINT answers there, and what the application prints on standard error.';
  }
  if (lost.total > 0) {
    return 'Make room on the disk, raise SPANLEDGER_SPOOL_MAX_BYTES, or set SPANLEDGER_SPOOL_FULL to block.';
  }
  if (damaged > 0) return 'The receiver sees what is missing as a gap in the sequence. Look at the disk.';
  return undefined;
}

function describeLost({ total, unreported }: ProducerInspection['lost']): string {
  const told =
    unreported === 0 ? 'all of them reported' : `${formatCount(unreported)} of them not reported yet`;
  return `${count(total, 'span')} lost, ${told}`;
}

function ofNewerVersion(subject: string, data: object): Finding {
  return {
    ...warning(
      subject,
      'written by a newer version, which is left alone',
      'Start an application of that service with that version, or update this command.',
    ),
    data,
  };
}

function describeRejected(rejected: RejectedInspection, nowMs: number): Finding[] {
  const { requests, bytes, newest, byStatus } = rejected;
  if (requests === 0) return [];
  const statuses = Object.entries(byStatus)
    .map(([status, times]) => `HTTP ${status}: ${formatCount(times)}`)
    .join(', ');
  const age = newest === undefined ? '' : `, the last ${formatMilliseconds(Math.max(0, nowMs - newest))} ago`;
  const detail = `${count(requests, 'request')} refused by the receiver${age} (${statuses}), ${formatBytes(bytes)}`;
  return [
    {
      ...warning('rejected', detail, 'The service’s log says why; see docs/errors.md.'),
      data: { ...rejected },
    },
  ];
}

function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(value)} ${value === 1 ? noun : plural}`;
}

function formatBytes(bytes: number): string {
  return bytes < BYTES_PER_MIB ? count(bytes, 'byte') : `${(bytes / BYTES_PER_MIB).toFixed(1)} MiB`;
}
