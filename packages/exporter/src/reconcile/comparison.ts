import type { Fact, LedgerFact, ProviderEvent, Window } from './fact.ts';

/** What either side has and the other has not. */
export interface Comparison {
  missingInLedger: ProviderEvent[];
  missingAtProvider: LedgerFact[];
}

/**
 * Compares what a provider and the ledger tell of a window. Both are given with a margin around it, because their clocks
 * differ; only what happened in the window is reported.
 *
 * @param toleranceMs how far apart the two may tell of the same refusal, which has no id
 */
export function compareSides(
  events: readonly ProviderEvent[],
  records: readonly LedgerFact[],
  { fromMs, toMs }: Window,
  toleranceMs: number,
): Comparison {
  const atProvider = new Set(events.flatMap(({ facts }) => facts.map(join)));
  const inLedger = new Set(records.flatMap(({ facts }) => facts.map(join)));
  const answered = pairRefusals(events, records, toleranceMs);
  const isInside = ({ atMs }: { atMs: number }): boolean => atMs >= fromMs && atMs < toMs;
  return {
    missingInLedger: events.filter((event) => {
      const [demanded] = event.facts;
      if (!isInside(event)) return false;
      if (demanded === undefined) return true;
      return isRefusal(demanded) ? !answered.has(event) : !inLedger.has(join(demanded));
    }),
    missingAtProvider: records.filter((record) => {
      if (!isInside(record) || answered.has(record)) return false;
      return !record.facts.some((fact) => !isRefusal(fact) && atProvider.has(join(fact)));
    }),
  };
}

/** Refusals have no id of their own: each is answered by the nearest one of the other side, and by one only. */
function pairRefusals(
  events: readonly ProviderEvent[],
  records: readonly LedgerFact[],
  toleranceMs: number,
): Set<ProviderEvent | LedgerFact> {
  const waiting = new Map<string, ProviderEvent[]>();
  for (const event of events.toSorted(byTime)) {
    const [fact] = event.facts;
    if (fact === undefined || !isRefusal(fact)) continue;
    waiting.set(fact.key, [...(waiting.get(fact.key) ?? []), event]);
  }
  const answered = new Set<ProviderEvent | LedgerFact>();
  for (const record of records.toSorted(byTime)) {
    const refusal = record.facts.find(isRefusal);
    const candidates = refusal === undefined ? undefined : waiting.get(refusal.key);
    const found = candidates?.findIndex(({ atMs }) => Math.abs(atMs - record.atMs) <= toleranceMs) ?? -1;
    const [event] = found === -1 ? [] : (candidates?.splice(found, 1) ?? []);
    if (event === undefined) continue;
    answered.add(event);
    answered.add(record);
  }
  return answered;
}

function isRefusal({ kind }: Fact): boolean {
  return kind === 'grant.refused';
}

function byTime(a: { atMs: number }, b: { atMs: number }): number {
  return a.atMs - b.atMs;
}

function join({ kind, key }: Fact): string {
  return `${kind} ${key}`;
}
