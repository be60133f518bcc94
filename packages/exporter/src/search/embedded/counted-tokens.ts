import { parseNetwork } from '../query/addresses.ts';
import type { CompareQuery, EqualsQuery, ExistsQuery, LikeQuery, NetworkQuery } from '../query/query.ts';
import { token, tokenPrefix } from './expression.ts';
import type { Expression } from './expression.ts';
import { isHashedField, isMagnitudeOnly } from './indexed-fields.ts';
import type { PlanContext } from './term-plan.ts';
import {
  blindDomainToken,
  blindFieldToken,
  blindNetworkToken,
  blindValueToken,
  exponentsBeyond,
  fieldToken,
  isToldApart,
  magnitudeOf,
  magnitudePrefix,
  magnitudeToken,
  NETWORK_BITS,
  valueToken,
} from './tokens.ts';

type FieldTerm = CompareQuery | EqualsQuery | ExistsQuery | LikeQuery | NetworkQuery;

/** The largest magnitude has no upper bound, the smallest no lower one. */
const EXACT_EXPONENTS = { from: 0, to: 19 };

/** Tokens that only matching records have, but for collisions of keyed hashes. */
export function countedTokens(term: FieldTerm, path: string, context: PlanContext): Expression[] {
  switch (term.type) {
    case 'equals':
      return countedValue(term, path, context);
    case 'like':
      return countedLike(term, path, context);
    case 'exists':
      return countedFields(path, context);
    case 'network':
      return countedNetwork(term, path, context);
    case 'compare':
      return term.operand.type === 'number' ? countedNumbers(term.operator, term.operand.value, path) : [];
  }
}

function countedValue({ value }: EqualsQuery, path: string, { key }: PlanContext): Expression[] {
  const blind = token(blindValueToken(key, path, value));
  return hasValueTokens(path) && isToldApart(value) ? [blind, token(valueToken(path, value))] : [blind];
}

function countedLike({ pieces }: LikeQuery, path: string, { key }: PlanContext): Expression[] {
  const [beginning = '', ending = '', ...others] = pieces;
  if (others.length > 0) return [];
  if (beginning === '') {
    const domain = ending.slice(1);
    const isDomain = ending.startsWith('@') && !domain.includes('@');
    return isDomain ? [token(blindDomainToken(key, path, domain))] : [];
  }
  const isWhole = ending === '' && hasValueTokens(path) && isToldApart(beginning);
  return isWhole ? [tokenPrefix(valueToken(path, beginning))] : [];
}

function countedFields(path: string, { key, shapes }: PlanContext): Expression[] {
  const fields = [fieldToken(path), blindFieldToken(key, path)];
  return fields.flatMap((field) => shapes.shapesWith(field) ?? []).map(token);
}

function countedNetwork({ network: text }: NetworkQuery, path: string, { key }: PlanContext): Expression[] {
  const network = parseNetwork(text);
  const isLevel = network !== undefined && NETWORK_BITS[network.address.length]?.includes(network.bits);
  return isLevel === true ? [token(blindNetworkToken(key, path, network.address, network.bits))] : [];
}

/** The magnitudes that lie wholly on the asked-for side of a number. */
function countedNumbers(operator: CompareQuery['operator'], value: number, path: string): Expression[] {
  const magnitude = magnitudeOf(value);
  const { sign, exponent, digit } = magnitude;
  const upwards = operator.startsWith('>');
  if (sign === 'z') {
    const beyond = tokenPrefix(magnitudePrefix(path, upwards ? 'p' : 'n'));
    return operator.endsWith('=') ? [tokenPrefix(magnitudePrefix(path, 'z')), beyond] : [beyond];
  }
  if (sign === 'n' || exponent < EXACT_EXPONENTS.from || exponent > EXACT_EXPONENTS.to) return [];
  const isFirst = value === digit * 10 ** exponent;
  const digits = Array.from({ length: 10 }, (_, i) => i).filter((other) =>
    upwards ? other > digit || (other === digit && isFirst && operator === '>=') : other < digit,
  );
  const same = digits.map((other) => token(magnitudeToken(path, { sign, exponent, digit: other })));
  const others = exponentsBeyond(exponent, upwards ? 'above' : 'below').map((other) =>
    tokenPrefix(magnitudePrefix(path, 'p', other)),
  );
  if (upwards) return [...same, ...others];
  return [
    ...same,
    ...others,
    tokenPrefix(magnitudePrefix(path, 'n')),
    tokenPrefix(magnitudePrefix(path, 'z')),
  ];
}

/** True where the tokens of values in the clear hold the values themselves. */
function hasValueTokens(path: string): boolean {
  return !isMagnitudeOnly(path) && !isHashedField(path);
}
