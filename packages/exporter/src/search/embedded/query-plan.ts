import type { Interval } from '../query/dates.ts';
import type {
  CombinedQuery,
  CompareQuery,
  Comparison,
  DateOperand,
  NotQuery,
  Query,
} from '../query/query.ts';
import { allOf, anyOf, except, token } from './expression.ts';
import type { Expression } from './expression.ts';
import { planLacking, planTerm } from './term-plan.ts';
import type { PlanContext } from './term-plan.ts';
import { TOKEN_EVERY } from './tokens.ts';

/** A range of numbers, both ends included. */
export interface Range {
  from: number;
  to: number;
}

/** Where the records that match a query may be. */
export interface QueryPlan {
  /** Every matching record is a row of this; absent when tokens say nothing about the query. */
  atMost?: Expression;
  /** Every row of this matches; absent when no row is sure to. Its complement bounds `not`. */
  atLeast?: Expression;
  /**
   * Every row of this matches if its time lies in `countedTime`, except where keyed hashes collide: good enough to
   * count by, not to leave records out by. Absent when no row is sure to.
   */
  counted?: Expression;
  /** Milliseconds since the epoch; absent where any time will do. */
  countedTime?: Range;
  /** Every matching record has its time, in milliseconds since the epoch, in this range. */
  time?: Range;
  /** Every matching record has its ledger index in this range. */
  indexes?: Range;
}

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Finds out where to look for what a query means; the answer may be too wide, never too narrow. */
export function planQuery(query: Query, context: PlanContext): QueryPlan {
  switch (query.type) {
    case 'all':
      return { atMost: token(TOKEN_EVERY), atLeast: token(TOKEN_EVERY), counted: token(TOKEN_EVERY) };
    case 'and':
      return planAnd(query, context);
    case 'or':
      return planOr(query, context);
    case 'not':
      return planNot(query, context);
    case 'compare': {
      const range = rangeOf(query);
      return { ...planTerm(query, context), ...range };
    }
    default:
      return planTerm(query, context);
  }
}

function planAnd({ operands }: CombinedQuery, context: PlanContext): QueryPlan {
  const plans = operands.map((operand) => planQuery(operand, context));
  const upper = plans.flatMap(({ atMost }) => atMost ?? []);
  const lower = plans.flatMap(({ atLeast }) => atLeast ?? []);
  const counted = plans.flatMap((plan) => plan.counted ?? []);
  return {
    ...(upper.length > 0 && { atMost: allOf(upper) }),
    ...(lower.length === plans.length && { atLeast: allOf(lower) }),
    ...(counted.length === plans.length && { counted: allOf(counted) }),
    ...definedRange(
      'countedTime',
      plans.flatMap(({ countedTime }) => countedTime ?? []),
      intersect,
    ),
    ...definedRange(
      'time',
      plans.flatMap(({ time }) => time ?? []),
      intersect,
    ),
    ...definedRange(
      'indexes',
      plans.flatMap(({ indexes }) => indexes ?? []),
      intersect,
    ),
  };
}

function planOr({ operands }: CombinedQuery, context: PlanContext): QueryPlan {
  const plans = operands.map((operand) => planQuery(operand, context));
  const upper = plans.flatMap(({ atMost }) => atMost ?? []);
  const lower = plans.flatMap(({ atLeast }) => atLeast ?? []);
  const times = plans.flatMap(({ time }) => time ?? []);
  const indexes = plans.flatMap((plan) => plan.indexes ?? []);
  const counted = plans.flatMap((plan) => (plan.countedTime === undefined ? (plan.counted ?? []) : []));
  return {
    ...(upper.length === plans.length && { atMost: anyOf(upper) }),
    ...(lower.length > 0 && { atLeast: anyOf(lower) }),
    ...(counted.length > 0 && { counted: anyOf(counted) }),
    ...(times.length === plans.length && definedRange('time', times, hull)),
    ...(indexes.length === plans.length && definedRange('indexes', indexes, hull)),
  };
}

function planNot({ operand }: NotQuery, context: PlanContext): QueryPlan {
  const { atMost, atLeast } = planQuery(operand, context);
  const every = token(TOKEN_EVERY);
  const lacking = operand.type === 'exists' ? planLacking(operand, context) : undefined;
  const others = lacking ?? (atLeast === undefined ? undefined : except(every, atLeast));
  return {
    ...(others !== undefined && { atMost: others }),
    ...(atMost !== undefined && { atLeast: except(every, atMost), counted: except(every, atMost) }),
  };
}

type Ranges = Pick<QueryPlan, 'counted' | 'countedTime' | 'indexes' | 'time'>;

function rangeOf({ field, operator, operand }: CompareQuery): Ranges {
  if (operand.type === 'number') {
    if (field !== 'audit.ledger.index') return {};
    const { value } = operand;
    return {
      indexes: {
        from: operator.startsWith('>') ? value : 0,
        to: operator.startsWith('<') ? value : Infinity,
      },
    };
  }
  if (field !== '@timestamp') return {};
  const { from, to } = timesOf(operator, operand);
  return {
    time: { from: toMilliseconds(from), to: to === undefined ? Infinity : toMilliseconds(to - 1n) },
    counted: token(TOKEN_EVERY),
    countedTime: {
      from: toMilliseconds(from && from + NANOSECONDS_PER_MILLISECOND - 1n),
      to: to === undefined ? Infinity : toMilliseconds(to) - 1,
    },
  };
}

/** From the first nanosecond to the first one after it that a comparison lets through; absent where there is none. */
function timesOf(operator: Comparison, { from, to }: DateOperand): Partial<Interval> {
  switch (operator) {
    case '<':
      return { to: from };
    case '<=':
      return { to };
    case '=':
      return { from, to };
    case '>=':
      return { from };
    case '>':
      return { from: to };
  }
}

/** Downwards; before all time where there is none. */
function toMilliseconds(nanoseconds: bigint | undefined): number {
  if (nanoseconds === undefined) return -Infinity;
  const rest = nanoseconds % NANOSECONDS_PER_MILLISECOND;
  return Number((nanoseconds - rest) / NANOSECONDS_PER_MILLISECOND) - (rest < 0n ? 1 : 0);
}

function definedRange(
  name: 'countedTime' | 'indexes' | 'time',
  ranges: readonly Range[],
  join: (a: Range, b: Range) => Range,
): Ranges {
  return ranges.length === 0 ? {} : { [name]: ranges.reduce(join) };
}

function intersect(a: Range, b: Range): Range {
  return { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
}

function hull(a: Range, b: Range): Range {
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}
