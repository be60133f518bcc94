import type { BlindKey } from '../../blind-key.ts';
import { parseAddress } from '../query/addresses.ts';
import { scalarNumber } from '../query/evaluate.ts';
import { isAddressField } from '../query/fields.ts';
import { splitWords } from '../query/words.ts';
import type { FieldNode, ValueTokens, Word } from './field-tree.ts';
import { isHashedField, isMagnitudeOnly, isOneWordField } from './indexed-fields.ts';
import {
  blindDomainToken,
  blindNetworkToken,
  blindValueToken,
  blindWordToken,
  magnitudeOf,
  magnitudeToken,
  NETWORK_BITS,
  valueToken,
} from './tokens.ts';

/** The most words whose tokens are kept; past that they are forgotten and kept anew. */
const MAX_WORDS = 16_384;

const NO_WORDS: readonly Word[] = [];

/** Makes the tokens of values. */
export class ValueTokenizer {
  readonly #key: BlindKey;
  readonly #words = new Map<string, Word>();

  constructor(key: BlindKey) {
    this.#key = key;
  }

  tokensOf(value: string | number | boolean, { name, clear, text }: FieldNode): ValueTokens {
    const written = String(value);
    const tokens: string[] = [];
    if (!clear || isHashedField(name)) tokens.push(blindValueToken(this.#key, name, written));
    else if (!isMagnitudeOnly(name)) tokens.push(valueToken(name, written));
    const number = clear ? scalarNumber(value) : undefined;
    if (number !== undefined) tokens.push(magnitudeToken(name, magnitudeOf(number)));
    if (typeof value === 'string') {
      if (isAddressField(name)) tokens.push(...this.#networkTokens(name, value));
      const at = value.lastIndexOf('@');
      if (!clear && at !== -1) tokens.push(blindDomainToken(this.#key, name, value.slice(at + 1)));
    }
    const words = text && typeof value === 'string' ? this.#wordsOf(name, value) : NO_WORDS;
    return { text: tokens.join(' '), count: tokens.length, words };
  }

  /** A name that is a single word needs no token beside its own value's. */
  #wordsOf(name: string, value: string): readonly Word[] {
    const words = splitWords(value);
    if (words.length === 1 && words[0] === value && isOneWordField(name)) return NO_WORDS;
    return words.map((word) => this.#wordOf(word));
  }

  #wordOf(text: string): Word {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    if (this.#words.size >= MAX_WORDS) this.#words.clear();
    const word = { token: blindWordToken(this.#key, text), document: 0 };
    this.#words.set(text, word);
    return word;
  }

  #networkTokens(name: string, value: string): string[] {
    const address = parseAddress(value);
    if (address === undefined) return [];
    const bits = NETWORK_BITS[address.length] ?? [];
    return bits.map((length) => blindNetworkToken(this.#key, name, address, length));
  }
}
