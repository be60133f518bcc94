import type { BlindKey } from '../../blind-key.ts';
import { scalarNumber } from '../query/evaluate.ts';
import { fieldPaths } from '../query/fields.ts';
import { parseNetwork } from '../query/addresses.ts';
import type {
  CompareQuery,
  EqualsQuery,
  ExistsQuery,
  LikeQuery,
  NetworkQuery,
  NumberOperand,
  TextQuery,
} from '../query/query.ts';
import { allOf, anyOf, token, tokenPrefix } from './expression.ts';
import type { Expression } from './expression.ts';
import { isBeyondTokens, isHashedField, isMagnitudeOnly, oneWordFields } from './indexed-fields.ts';
import type { QueryPlan } from './query-plan.ts';
import { countedTokens } from './counted-tokens.ts';
import type { ShapeTable } from './shape-table.ts';
import {
  blindDomainToken,
  blindFieldToken,
  blindNetworkToken,
  blindValueToken,
  blindWordToken,
  exponentsBeyond,
  fieldToken,
  isToldApart,
  magnitudeOf,
  magnitudePrefix,
  magnitudeToken,
  NETWORK_BITS,
  TOKEN_MORE,
  TOKEN_SHAPELESS,
  valueToken,
} from './tokens.ts';

type Term = CompareQuery | EqualsQuery | ExistsQuery | LikeQuery | NetworkQuery | TextQuery;

/** What tokens depend on beside the query. */
export interface PlanContext {
  key: BlindKey;
  /** Which sets of fields records have. */
  shapes: Pick<ShapeTable, 'shapesWith' | 'shapesWithout'>;
}

/** Expressions of which any may hold; undefined when every record may match. */
type Possible = Expression[] | undefined;

/** Where the records that match a single term may be. */
export function planTerm(term: Term, context: PlanContext): QueryPlan {
  if (term.type === 'text') return planText(term, context.key);
  const paths = fieldPaths(term.field);
  if (paths.some(isBeyondTokens)) return {};
  const possible = either(...paths.map((path) => possibleTokens(term, path, context)));
  const sure = paths.flatMap((path) => sureTokens(term, path, context));
  const counted = paths.flatMap((path) => countedTokens(term, path, context));
  return {
    ...(possible !== undefined && { atMost: anyOf([...possible, token(TOKEN_MORE)]) }),
    ...(sure.length > 0 && { atLeast: anyOf(sure) }),
    ...(counted.length > 0 && { counted: anyOf(counted) }),
  };
}

/**
 * Where the records may be that a field does not exist in: those of the shapes without it. Where they are few, to ask for
 * them costs nothing of the many that have it.
 *
 * @returns undefined where that cannot be told from shapes
 */
export function planLacking({ field }: ExistsQuery, { key, shapes }: PlanContext): Expression | undefined {
  const paths = fieldPaths(field);
  if (paths.some(isBeyondTokens)) return undefined;
  const names = paths.flatMap((path) => [fieldToken(path), blindFieldToken(key, path)]);
  const without = shapes.shapesWithout(names);
  return without && anyOf([...without, TOKEN_SHAPELESS, TOKEN_MORE].map(token));
}

function planText({ words, prefix }: TextQuery, key: BlindKey): QueryPlan {
  const whole = prefix ? words.slice(0, -1) : words;
  if (whole.length === 0) return {};
  const all = allOf(whole.map((word) => wordExpression(word, key)));
  // Tokens do not tell whether words follow each other.
  const isCounted = words.length === 1 && !prefix;
  return { atMost: anyOf([all, token(TOKEN_MORE)]), ...(isCounted && { counted: all }) };
}

function wordExpression(word: string, key: BlindKey): Expression {
  const names = oneWordFields().map((field) => token(valueToken(field, word)));
  return anyOf([token(blindWordToken(key, word)), ...names]);
}

function possibleTokens(term: Exclude<Term, TextQuery>, path: string, context: PlanContext): Possible {
  switch (term.type) {
    case 'equals':
      return either(
        [token(blindValueToken(context.key, path, term.value))],
        clearValue(path, term.value, context),
      );
    case 'like':
      return possibleLike(term, path, context);
    case 'exists':
      return someValue(path, context);
    case 'network':
      return possibleNetwork(term, path, context);
    case 'compare':
      if (term.operand.type === 'date') return someValue(path, context);
      return either(committedValue(path, context), possibleNumbers(term, term.operand, path));
  }
}

/** Tokens that only matching records have: those of whole values in the clear. */
function sureTokens(term: Exclude<Term, TextQuery>, path: string, { shapes }: PlanContext): Expression[] {
  if (term.type === 'exists') return (shapes.shapesWith(fieldToken(path)) ?? []).map(token);
  if (term.type !== 'equals' || !isToldApart(term.value)) return [];
  return isMagnitudeOnly(path) || isHashedField(path) ? [] : [token(valueToken(path, term.value))];
}

function either(...alternatives: Possible[]): Possible {
  const all: Expression[] = [];
  for (const alternative of alternatives) {
    if (alternative === undefined) return undefined;
    all.push(...alternative);
  }
  return all;
}

function someValue(path: string, context: PlanContext): Possible {
  return either(someClearValue(path, context), committedValue(path, context));
}

function someClearValue(path: string, { shapes }: PlanContext): Possible {
  return shapes.shapesWith(fieldToken(path))?.concat(TOKEN_SHAPELESS).map(token);
}

function committedValue(path: string, { key, shapes }: PlanContext): Possible {
  return shapes.shapesWith(blindFieldToken(key, path))?.concat(TOKEN_SHAPELESS).map(token);
}

function clearValue(path: string, value: string, context: PlanContext): Possible {
  if (isHashedField(path)) return [];
  if (!isMagnitudeOnly(path)) return [token(valueToken(path, value))];
  const number = scalarNumber(value);
  if (number === undefined) return someClearValue(path, context);
  return [token(magnitudeToken(path, magnitudeOf(number)))];
}

function possibleLike({ pieces }: LikeQuery, path: string, context: PlanContext): Possible {
  const beginning = pieces[0] ?? '';
  const ending = pieces.at(-1) ?? '';
  const at = ending.lastIndexOf('@');
  const domain = blindDomainToken(context.key, path, ending.slice(at + 1));
  const hasTokens = beginning !== '' && !isMagnitudeOnly(path) && !isHashedField(path);
  return either(
    at === -1 ? committedValue(path, context) : [token(domain)],
    hasTokens ? [tokenPrefix(valueToken(path, beginning))] : someClearValue(path, context),
  );
}

function possibleNetwork({ network: text }: NetworkQuery, path: string, context: PlanContext): Possible {
  const network = parseNetwork(text);
  const levels = NETWORK_BITS[network?.address.length ?? 0] ?? [];
  const bits = levels.findLast((level) => level <= (network?.bits ?? 0));
  if (network === undefined || bits === undefined) return someValue(path, context);
  return [token(blindNetworkToken(context.key, path, network.address, bits))];
}

function possibleNumbers({ operator }: CompareQuery, { value }: NumberOperand, path: string): Expression[] {
  const magnitude = magnitudeOf(value);
  const { exponent, digit } = magnitude;
  if (operator === '=') return [token(magnitudeToken(path, magnitude))];
  const upwards = operator.startsWith('>');
  if (magnitude.sign === 'n') return [tokenPrefix(magnitudePrefix(path))];
  const positive = (other: number) => tokenPrefix(magnitudePrefix(path, 'p', other));
  const digits = Array.from({ length: 10 }, (_, i) => i).filter((other) =>
    upwards ? other >= digit : other <= digit,
  );
  const same = digits.map((other) => token(magnitudeToken(path, { sign: 'p', exponent, digit: other })));
  if (magnitude.sign === 'z') {
    return upwards
      ? [tokenPrefix(magnitudePrefix(path, 'z')), tokenPrefix(magnitudePrefix(path, 'p'))]
      : [tokenPrefix(magnitudePrefix(path, 'z')), tokenPrefix(magnitudePrefix(path, 'n'))];
  }
  if (upwards) return [...same, ...exponentsBeyond(exponent, 'above').map(positive)];
  return [
    tokenPrefix(magnitudePrefix(path, 'n')),
    tokenPrefix(magnitudePrefix(path, 'z')),
    ...exponentsBeyond(exponent, 'below').map(positive),
    ...same,
  ];
}
