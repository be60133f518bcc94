import { groupOfPath } from '@spanledger/record';

import { contains, parseNetwork } from '../query/addresses.ts';
import type { Network } from '../query/addresses.ts';
import { parseDate } from '../query/dates.ts';
import { ALL, allOf, anyOf, butIgnored, exactly, ignored, incomplete, NONE, within } from './clauses.ts';
import type { Dsl, DslPlan } from './clauses.ts';
import { integerBetween, timeBetween } from './comparison-dsl.ts';
import type { MappedField } from './field-mapping.ts';

const WHOLE_NUMBER = /^(?:0|-?[1-9]\d*)$/;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const BOOLEANS = ['false', 'true'] as const;
/** More digits than any whole number has that is indexed. */
const MAX_DIGITS = 19;
/** Text that may be read as an address, and be none to Elasticsearch: with noughts before a number. */
const LIKE_AN_ADDRESS = '[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*';

/** 0.0.0.0 as an address of IPv6. */
const MAPPED_IPV4 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];

/** Some value of a field, as text, is this. */
export function equalsField(field: MappedField, value: string): DslPlan {
  switch (field.type) {
    case 'keyword':
      return value.length <= field.maxLength ? exactly(term(field.name, value)) : within(ignored(field.name));
    case 'flattened':
      if (field.key === undefined) return exactly(NONE);
      return value.length <= field.maxLength ? exactly(term(field.name, value)) : within(ALL);
    case 'integer': {
      if (WHOLE_NUMBER.test(value)) {
        const number = BigInt(value);
        const isWithin = number >= field.min && number <= field.max;
        return isWithin ? butIgnored(term(field.name, value), field.name) : within(ignored(field.name));
      }
      // The same number, written otherwise.
      return DECIMAL.test(value) ? within(hasValue(field.name)) : within(ignored(field.name));
    }
    case 'boolean':
      return BOOLEANS.some((text) => text === value)
        ? butIgnored(term(field.name, value), field.name)
        : within(ignored(field.name));
    case 'date': {
      const moment = parseDate(value);
      if (moment === undefined) return within(ignored(field.name));
      return within(anyOf([timeBetween(field, moment), ignored(field.name)]));
    }
    case 'ip':
      return within(hasValue(field.name));
    case 'object':
      return exactly(NONE);
    case 'unknown':
      return within(ALL);
  }
}

/** Some value of a field, as text, has these pieces in this order, from its beginning to its end. */
export function likeField(field: MappedField, pieces: readonly string[]): DslPlan {
  const [beginning = '', ...others] = pieces;
  const isBeginning = others.length === 1 && others[0] === '';
  switch (field.type) {
    case 'keyword':
      return butIgnored(
        isBeginning
          ? { prefix: { [field.name]: beginning } }
          : { wildcard: { [field.name]: pattern(pieces) } },
        field.name,
      );
    case 'flattened': {
      if (field.key === undefined) return exactly(NONE);
      if (beginning === '') return incomplete(within({ exists: { field: field.name } }));
      const query: Dsl = { prefix: { [field.name]: beginning } };
      return incomplete(isBeginning ? exactly(query) : within(query));
    }
    case 'integer':
      return isBeginning && /^[1-9]\d*$/.test(beginning)
        ? butIgnored(numbersBeginning(field, beginning), field.name)
        : within(hasValue(field.name));
    case 'boolean':
    case 'date':
    case 'ip':
      return within(hasValue(field.name));
    case 'object':
      return exactly(NONE);
    case 'unknown':
      return within(ALL);
  }
}

/** The field, or one below it, has a value. */
export function existsField(field: MappedField): DslPlan {
  switch (field.type) {
    case 'flattened': {
      const member: Dsl = { exists: { field: field.name } };
      if (field.key === undefined) return incomplete(exactly(member));
      // Members of a member have names of their own, which cannot be asked for by their beginning.
      return incomplete(within({ exists: { field: field.root } }, member));
    }
    case 'object': {
      const query: Dsl = { exists: { field: field.name } };
      // Below an open namespace there may be names that the mapping does not know.
      const isClosed = groupOfPath([...field.name.split('.'), '']) === 'clear';
      return isClosed ? exactly(query) : within(ALL, query);
    }
    case 'unknown':
      return within(ALL);
    default:
      return within(hasValue(field.name), { exists: { field: field.name } });
  }
}

/** Some value of a field is an address of a network. */
export function networkField(field: MappedField, text: string): DslPlan {
  const network = parseNetwork(text);
  if (network === undefined) return exactly(NONE);
  switch (field.type) {
    case 'ip':
      return butIgnoredAddresses(network, field.name, ALL);
    case 'keyword':
      if (field.addresses === undefined) return within(hasValue(field.name));
      return butIgnoredAddresses(
        network,
        field.addresses,
        anyOf([{ regexp: { [field.name]: LIKE_AN_ADDRESS } }, ignored(field.name)]),
      );
    case 'flattened':
      return field.key === undefined ? exactly(NONE) : within({ exists: { field: field.name } });
    case 'unknown':
      return within(ALL);
    default:
      return within(ignored(field.name));
  }
}

/** Documents in which a field has a value, whether it was indexed or left out. */
export function hasValue(field: string): Dsl {
  return anyOf([{ exists: { field } }, ignored(field)]);
}

function term(field: string, value: string): Dsl {
  return { term: { [field]: value } };
}

/** @param suspects - documents whose address may have been left out although it is one */
function butIgnoredAddresses(network: Network, field: string, suspects: Dsl): DslPlan {
  const query = term(field, formatNetwork(network));
  // To Elasticsearch every IPv4 address is one of IPv6 as well.
  const holdsIpv4 = contains(network, MAPPED_IPV4);
  return within(anyOf([query, allOf([ignored(field), suspects])]), holdsIpv4 ? NONE : query);
}

function formatNetwork({ address, bits }: Network): string {
  if (address.length === 4) return `${address.join('.')}/${bits}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address[2 * i] ?? 0) * 256 + (address[2 * i + 1] ?? 0)).toString(16),
  );
  return `${groups.join(':')}/${bits}`;
}

function pattern(pieces: readonly string[]): string {
  return pieces.map((piece) => piece.replaceAll(/[\\*?]/g, String.raw`\$&`)).join('*');
}

/** 4, 40 to 49, 400 to 499 … for `4*`. */
function numbersBeginning(field: Extract<MappedField, { type: 'integer' }>, digits: string): Dsl {
  const ranges: Dsl[] = [];
  for (let more = 0; digits.length + more <= MAX_DIGITS; more++) {
    const size = 10n ** BigInt(more);
    ranges.push(integerBetween(field, BigInt(digits) * size, (BigInt(digits) + 1n) * size - 1n));
  }
  return anyOf(ranges);
}
