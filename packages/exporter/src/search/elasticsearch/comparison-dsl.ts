import type { Interval } from '../query/dates.ts';
import type { CompareQuery, DateOperand, NumberOperand } from '../query/query.ts';
import { ALL, anyOf, butIgnored, exactly, ignored, NONE, within } from './clauses.ts';
import type { Dsl, DslPlan } from './clauses.ts';
import type { MappedField } from './field-mapping.ts';

type IntegerField = Extract<MappedField, { type: 'integer' }>;
type DateField = Extract<MappedField, { type: 'date' }>;

/** A stream's own time is never left out. */
const ALWAYS_INDEXED = '@timestamp';
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
/** The times that Elasticsearch can hold in nanoseconds: from 1970 to 2262. */
const MAX_NANOSECONDS = 2n ** 63n - 1n;
/** From here on not every whole number is a number of its own to JavaScript. */
const MAX_EXACT = 2 ** 53;
/** More than there are whole numbers of 64 bits that are one number to JavaScript. */
const NEIGHBOURS = 4096n;

/** Some value of a field is on the asked-for side of a number or a date. */
export function compareField(field: MappedField, query: CompareQuery): DslPlan {
  const { operator, operand } = query;
  switch (field.type) {
    case 'integer':
      // A number is no date.
      return operand.type === 'number'
        ? compareInteger(field, operator, operand)
        : within(ignored(field.name));
    case 'date':
      return operand.type === 'date' ? compareDate(field, operator, operand) : within(ignored(field.name));
    case 'keyword':
      return within(anyOf([{ exists: { field: field.name } }, ignored(field.name)]));
    case 'flattened':
      // No number and no date is so long that it is left out.
      return field.key === undefined ? exactly(NONE) : within({ exists: { field: field.name } });
    case 'boolean':
    case 'ip':
      return within(ignored(field.name));
    case 'object':
      return exactly(NONE);
    case 'unknown':
      return within(ALL);
  }
}

/** Documents with a whole number from one to another, both included. */
export function integerBetween({ name, min, max }: IntegerField, from: bigint, to: bigint): Dsl {
  if (from > to || from > max || to < min) return NONE;
  return {
    range: {
      [name]: { gte: String(from < min ? min : from), lte: String(to > max ? max : to) },
    },
  };
}

/** Documents with a time in an interval, or in a millisecond that it shares. */
export function timeBetween({ name, unit }: DateField, { from, to }: Interval): Dsl {
  if (from >= to) return NONE;
  if (unit === 'ms') {
    const [first, last] = [floorMilliseconds(from), floorMilliseconds(to - 1n)];
    return { range: { [name]: { gte: String(first), lte: String(last), format: 'epoch_millis' } } };
  }
  if (to <= 0n || from > MAX_NANOSECONDS) return NONE;
  const last = to - 1n > MAX_NANOSECONDS ? MAX_NANOSECONDS : to - 1n;
  return {
    range: {
      [name]: {
        gte: formatNanoseconds(from < 0n ? 0n : from),
        lte: formatNanoseconds(last),
        format: 'strict_date_optional_time_nanos',
      },
    },
  };
}

function compareInteger(
  field: IntegerField,
  operator: CompareQuery['operator'],
  { value }: NumberOperand,
): DslPlan {
  const isExact = Math.abs(value) < MAX_EXACT;
  const slack = isExact ? 0n : NEIGHBOURS;
  const [from, to] = boundsOf(field, operator, value);
  const query = integerBetween(field, from - slack, to + slack);
  return isExact ? butIgnored(query, field.name) : within(anyOf([query, ignored(field.name)]));
}

/** The first and the last whole number that a comparison lets through. */
function boundsOf(
  { min, max }: IntegerField,
  operator: CompareQuery['operator'],
  value: number,
): [bigint, bigint] {
  switch (operator) {
    case '<':
      return [min, toInteger(Math.ceil(value)) - 1n];
    case '<=':
      return [min, toInteger(Math.floor(value))];
    case '=':
      return [toInteger(Math.ceil(value)), toInteger(Math.floor(value))];
    case '>=':
      return [toInteger(Math.ceil(value)), max];
    case '>':
      return [toInteger(Math.floor(value)) + 1n, max];
  }
}

/** Beyond every whole number that is indexed where there is none so large. */
function toInteger(value: number): bigint {
  return BigInt(Math.max(-1e20, Math.min(1e20, value)));
}

function compareDate(field: DateField, operator: CompareQuery['operator'], operand: DateOperand): DslPlan {
  const interval = intervalOf(operator, operand);
  const query = timeBetween(field, interval);
  const isWhole = [operand.from, operand.to].every((bound) => bound % NANOSECONDS_PER_MILLISECOND === 0n);
  if (field.unit === 'ms' && !isWhole) return within(anyOf([query, ignored(field.name)]));
  return field.name === ALWAYS_INDEXED ? exactly(query) : butIgnored(query, field.name);
}

/** All the time that RFC 3339 can write. */
const FIRST = -62_167_219_200n * 1_000_000_000n;
const END = 253_402_300_800n * 1_000_000_000n;

function intervalOf(operator: CompareQuery['operator'], { from, to }: DateOperand): Interval {
  switch (operator) {
    case '<':
      return { from: FIRST, to: from };
    case '<=':
      return { from: FIRST, to };
    case '=':
      return { from, to };
    case '>=':
      return { from, to: END };
    case '>':
      return { from: to, to: END };
  }
}

function floorMilliseconds(nanoseconds: bigint): bigint {
  const rest = nanoseconds % NANOSECONDS_PER_MILLISECOND;
  return (nanoseconds - rest) / NANOSECONDS_PER_MILLISECOND - (rest < 0n ? 1n : 0n);
}

function formatNanoseconds(nanoseconds: bigint): string {
  const milliseconds = Number(nanoseconds / NANOSECONDS_PER_MILLISECOND);
  const rest = String(nanoseconds % NANOSECONDS_PER_MILLISECOND).padStart(6, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${rest}Z`);
}
