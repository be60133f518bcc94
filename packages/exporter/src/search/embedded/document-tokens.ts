import { groupOfPath } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import type { BlindKey } from '../../blind-key.ts';
import { parseAddress } from '../query/addresses.ts';
import { isTextPath, scalarNumber } from '../query/evaluate.ts';
import { isAddressField } from '../query/fields.ts';
import { visitLeaves } from '../query/leaves.ts';
import type { Scalar } from '../query/leaves.ts';
import { splitWords } from '../query/words.ts';
import { isHashedField, isMagnitudeOnly, isUnindexedField, UNINDEXED_SUBTREES } from './indexed-fields.ts';
import {
  blindDomainToken,
  blindExistsToken,
  blindNetworkToken,
  blindValueToken,
  blindWordToken,
  existsToken,
  magnitudeOf,
  magnitudeToken,
  NETWORK_BITS,
  TOKEN_EVERY,
  TOKEN_MORE,
  valueToken,
} from './tokens.ts';
import { TwoGenerationCache } from './two-generation-cache.ts';

/** The most tokens that a record gets; one that has more is a candidate of every query. */
export const MAX_DOCUMENT_TOKENS = 4096;

const MAX_CACHED_VALUES = 16_384;
const MAX_CACHED_LENGTH = 256;

/** Turns documents into the text that the full-text table takes in. */
export class DocumentTokenizer {
  readonly #key: BlindKey;
  /** The tokens of a value, by field and value: most values come again and again. */
  readonly #values = new TwoGenerationCache<readonly string[]>(MAX_CACHED_VALUES);
  /** The tokens that say that a field is there, by field. */
  readonly #fields = new TwoGenerationCache<readonly string[]>(MAX_CACHED_VALUES);

  constructor(key: BlindKey) {
    this.#key = key;
  }

  /** @returns the tokens of a document, joined by spaces */
  tokenize(document: JsonObject): string {
    const tokens = new Set<string>([TOKEN_EVERY]);
    visitLeaves(document, UNINDEXED_SUBTREES, (path, value) => {
      if (value === null || tokens.size > MAX_DOCUMENT_TOKENS) return;
      const name = path.join('.');
      if (isUnindexedField(name)) return;
      for (const token of this.#fieldTokens(path, name)) tokens.add(token);
      for (const token of this.#valueTokens(path, name, value)) tokens.add(token);
    });
    if (tokens.size > MAX_DOCUMENT_TOKENS) return `${TOKEN_EVERY} ${TOKEN_MORE}`;
    return [...tokens].join(' ');
  }

  #fieldTokens(path: readonly string[], name: string): readonly string[] {
    return this.#fields.get(name, () => {
      const make = isClear(path, name) ? existsToken : (field: string) => blindExistsToken(this.#key, field);
      return path.map((_, depth) => make(path.slice(0, depth + 1).join('.')));
    });
  }

  #valueTokens(path: readonly string[], name: string, value: NonNullable<Scalar>): readonly string[] {
    const make = () => this.#makeValueTokens(path, name, value);
    if (typeof value === 'string' && value.length > MAX_CACHED_LENGTH) return make();
    return this.#values.get(`${typeof value}${name}\0${value}`, make);
  }

  #makeValueTokens(path: readonly string[], name: string, value: NonNullable<Scalar>): string[] {
    const text = String(value);
    const clear = isClear(path, name);
    const tokens: string[] = [];
    if (!clear || isHashedField(name)) tokens.push(blindValueToken(this.#key, name, text));
    else if (!isMagnitudeOnly(name)) tokens.push(valueToken(name, text));
    const number = clear ? scalarNumber(value) : undefined;
    if (number !== undefined) tokens.push(magnitudeToken(name, magnitudeOf(number)));
    if (typeof value !== 'string') return tokens;
    if (isAddressField(name)) tokens.push(...this.#networkTokens(name, value));
    const at = value.lastIndexOf('@');
    if (!clear && at !== -1) tokens.push(blindDomainToken(this.#key, name, value.slice(at + 1)));
    if (isTextPath(path, name)) {
      for (const word of new Set(splitWords(value))) tokens.push(blindWordToken(this.#key, word));
    }
    return tokens;
  }

  #networkTokens(name: string, value: string): string[] {
    const address = parseAddress(value);
    if (address === undefined) return [];
    const bits = NETWORK_BITS[address.length] ?? [];
    return bits.map((length) => blindNetworkToken(this.#key, name, address, length));
  }
}

/** In the clear only where both spellings of a path say so: a member name may hold dots itself. */
function isClear(path: readonly string[], name: string): boolean {
  return groupOfPath(path) === 'clear' && groupOfPath(name.split('.')) === 'clear';
}
