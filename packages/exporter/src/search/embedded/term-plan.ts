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
import { isBeyondTokens, isHashedField, isMagnitudeOnly } from './indexed-fields.ts';
import type { QueryPlan } from './query-plan.ts';
import {
  blindDomainToken,
  blindExistsToken,
  blindNetworkToken,
  blindValueToken,
  blindWordToken,
  existsToken,
  exponentsBeyond,
  isWholeValue,
  magnitudeOf,
  magnitudePrefix,
  magnitudeToken,
  NETWORK_BITS,
  TOKEN_MORE,
  valueToken,
} from './tokens.ts';

type Term = CompareQuery | EqualsQuery | ExistsQuery | LikeQuery | NetworkQuery | TextQuery;

/** Where the records that match a single term may be. */
export function planTerm(term: Term, key: BlindKey): QueryPlan {
  if (term.type === 'text') return planText(term, key);
  const paths = fieldPaths(term.field);
  if (paths.some(isBeyondTokens)) return {};
  const sure = paths.flatMap((path) => sureTokens(term, path));
  return {
    atMost: anyOf([...paths.flatMap((path) => possibleTokens(term, path, key)), token(TOKEN_MORE)]),
    ...(sure.length > 0 && { atLeast: anyOf(sure) }),
  };
}

function planText({ words, prefix }: TextQuery, key: BlindKey): QueryPlan {
  const whole = prefix ? words.slice(0, -1) : words;
  if (whole.length === 0) return {};
  const all = allOf(whole.map((word) => token(blindWordToken(key, word))));
  return { atMost: anyOf([all, token(TOKEN_MORE)]) };
}

function possibleTokens(term: Exclude<Term, TextQuery>, path: string, key: BlindKey): Expression[] {
  switch (term.type) {
    case 'equals':
      return [token(blindValueToken(key, path, term.value)), ...clearValue(path, term.value)];
    case 'like':
      return possibleLike(term, path, key);
    case 'exists':
      return someValue(path, key);
    case 'network':
      return possibleNetwork(term, path, key);
    case 'compare': {
      const { operand } = term;
      if (operand.type === 'date') return someValue(path, key);
      return [token(blindExistsToken(key, path)), ...possibleNumbers(term, operand, path)];
    }
  }
}

/** Tokens that only matching records have: those of whole values in the clear. */
function sureTokens(term: Exclude<Term, TextQuery>, path: string): Expression[] {
  if (term.type === 'exists') return [token(existsToken(path))];
  if (term.type !== 'equals' || !isWholeValue(term.value)) return [];
  return isMagnitudeOnly(path) || isHashedField(path) ? [] : [token(valueToken(path, term.value))];
}

function someValue(path: string, key: BlindKey): Expression[] {
  return [token(existsToken(path)), token(blindExistsToken(key, path))];
}

function clearValue(path: string, value: string): Expression[] {
  if (isHashedField(path)) return [];
  if (!isMagnitudeOnly(path)) return [token(valueToken(path, value))];
  const number = scalarNumber(value);
  return [token(number === undefined ? existsToken(path) : magnitudeToken(path, magnitudeOf(number)))];
}

function possibleLike({ pieces }: LikeQuery, path: string, key: BlindKey): Expression[] {
  const beginning = pieces[0] ?? '';
  const ending = pieces.at(-1) ?? '';
  const at = ending.lastIndexOf('@');
  const blind = at === -1 ? blindExistsToken(key, path) : blindDomainToken(key, path, ending.slice(at + 1));
  const hasTokens = beginning !== '' && !isMagnitudeOnly(path) && !isHashedField(path);
  return [token(blind), hasTokens ? tokenPrefix(valueToken(path, beginning)) : token(existsToken(path))];
}

function possibleNetwork({ network: text }: NetworkQuery, path: string, key: BlindKey): Expression[] {
  const network = parseNetwork(text);
  const levels = NETWORK_BITS[network?.address.length ?? 0] ?? [];
  const bits = levels.findLast((level) => level <= (network?.bits ?? 0));
  if (network === undefined || bits === undefined) return someValue(path, key);
  return [token(blindNetworkToken(key, path, network.address, bits))];
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
