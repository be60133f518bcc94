import type { GapStatement } from './gap-statement.ts';

/** Numbers of a producer that are not in the log, and the record that says why, or that it was noticed. */
export interface ExplainedGap {
  from: number;
  to: number;
  /** `lost`: the producer said that it could not keep them; `noticed`: the service said that they are missing. */
  by: GapStatement['kind'];
  /** Why they were lost, as the producer said. */
  reason?: string;
  /** Ledger index of the record. */
  index: number;
}

/** A statement, and the ledger index of the record that makes it. */
export type PlacedStatement = Omit<GapStatement, 'streamId'> & { index: number };

/** Holes, divided into those that a record explains, and those that none does. */
export interface GapExplanation {
  explained: ExplainedGap[];
  unexplained: [from: number, to: number][];
}

interface Offer extends PlacedStatement {
  left: number;
}

/**
 * Divides holes by what records say about them. A record that speaks for so many numbers of a range explains no more
 * than so many of them: what is missing beyond stays unexplained.
 *
 * @param missing - holes, ascending, [from, to] both included
 * @param statements - in any order
 */
export function explainGaps(
  missing: readonly (readonly [from: number, to: number])[],
  statements: readonly PlacedStatement[],
): GapExplanation {
  const result: GapExplanation = { explained: [], unexplained: [] };
  const coming: Offer[] = statements
    .map((statement) => ({ ...statement, left: statement.count }))
    .toSorted((a, b) => a.first - b.first || a.index - b.index);
  let next = 0;
  let open: Offer[] = [];
  for (const [from, to] of missing) {
    let at = from;
    while (at <= to) {
      for (; (coming[next]?.first ?? Infinity) <= at; next++) {
        const offer = coming[next];
        if (offer !== undefined) open.push(offer);
      }
      open = open.filter(({ last, left }) => last >= at && left > 0);
      const nextFirst = coming[next]?.first ?? Infinity;
      const best = preferred(open);
      const end = Math.min(to, nextFirst - 1, ...(best ? [best.last, at + best.left - 1] : []));
      if (best === undefined) addUnexplained(result, at, end);
      else {
        best.left -= end - at + 1;
        addExplained(result, at, end, best);
      }
      at = end + 1;
    }
  }
  return result;
}

/**
 * What knows why comes before what only noticed; of these the one that ends first, since the others may serve for what
 * comes later.
 */
function preferred(offers: readonly Offer[]): Offer | undefined {
  let best: Offer | undefined;
  for (const offer of offers) {
    if (
      best === undefined ||
      rank(offer) < rank(best) ||
      (rank(offer) === rank(best) && offer.last < best.last)
    )
      best = offer;
  }
  return best;
}

function rank({ kind }: Offer): number {
  return kind === 'lost' ? 0 : 1;
}

function addUnexplained({ unexplained }: GapExplanation, from: number, to: number): void {
  const last = unexplained.at(-1);
  if (last !== undefined && last[1] === from - 1) last[1] = to;
  else unexplained.push([from, to]);
}

function addExplained({ explained }: GapExplanation, from: number, to: number, offer: Offer): void {
  const { kind, reason, index } = offer;
  const last = explained.at(-1);
  if (last !== undefined && last.to === from - 1 && last.index === index && last.by === kind) last.to = to;
  else explained.push({ from, to, by: kind, ...(reason !== undefined && { reason }), index });
}
