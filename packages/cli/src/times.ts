import { formatQuery, parseQuery } from '@spanledger/audit-exporter/query';
import { InvalidArgumentError } from 'commander';

const UNIT_MS = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

const NANOSECONDS_PER_MS = 1_000_000n;

/** Options that cut a question to a time. */
export interface TimeOptions {
  since?: string;
  until?: string;
}

/** Checks `--since` and `--until`: a span of time before now, or a date that the query language reads. */
export function parseMoment(text: string): string {
  if (/^\d{1,6}[smhdw]$/.test(text)) return text;
  try {
    parseQuery(`@timestamp >= "${text}"`);
    return text;
  } catch {
    throw new InvalidArgumentError(
      'It must be a time before now such as 15m, 2h or 7d, or a date such as 2026-11-21 or 2026-11-21T18:30:00Z.',
    );
  }
}

/**
 * Joins a query with `--since` and `--until`.
 *
 * @param query - as the user wrote it; read on its own first, so that a mistake is found at its own place
 * @param nowMs - what `15m` counts from
 * @throws QueryError when the query cannot be read
 */
export function limitToTime(query: string, { since, until }: TimeOptions, nowMs: number): string {
  const parsed = parseQuery(query);
  const terms = [
    ...(parsed.type === 'all' ? [] : [`(${formatQuery(parsed)})`]),
    ...(since === undefined ? [] : [`@timestamp >= "${resolveMoment(since, nowMs)}"`]),
    ...(until === undefined ? [] : [`@timestamp < "${resolveMoment(until, nowMs)}"`]),
  ];
  return terms.join(' and ');
}

/** A moment that {@link parseMoment} let through, in milliseconds since the epoch. */
export function momentMs(text: string, nowMs: number): number {
  const query = parseQuery(`@timestamp >= "${resolveMoment(text, nowMs)}"`);
  const { operand } = query.type === 'compare' ? query : {};
  return operand?.type === 'date' ? Number(operand.from / NANOSECONDS_PER_MS) : Number.NaN;
}

function resolveMoment(text: string, nowMs: number): string {
  const unitMs = UNIT_MS.get(text.slice(-1));
  if (unitMs === undefined || !/^\d+[smhdw]$/.test(text)) return text;
  return new Date(Math.max(0, nowMs - Number(text.slice(0, -1)) * unitMs)).toISOString();
}

/** Longest span of time that {@link parseSpan} takes: a hundred years. */
const MAX_SPAN_MS = 100 * 365 * 86_400_000;

/** Reads a span of time such as `90d`, in milliseconds. */
export function parseSpan(text: string): number {
  const unitMs = UNIT_MS.get(text.slice(-1));
  const spanMs =
    unitMs !== undefined && /^\d{1,6}[smhdw]$/.test(text) ? Number(text.slice(0, -1)) * unitMs : Number.NaN;
  if (spanMs <= MAX_SPAN_MS) return spanMs;
  throw new InvalidArgumentError('It must be a span of time such as 45m, 12h, 90d or 2w.');
}
