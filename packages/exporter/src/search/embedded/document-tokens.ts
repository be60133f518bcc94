import type { JsonObject, JsonValue } from '@spanledger/record';

import type { BlindKey } from '../../blind-key.ts';
import { parseAddress } from '../query/addresses.ts';
import { scalarNumber } from '../query/evaluate.ts';
import { isAddressField } from '../query/fields.ts';
import { splitWords } from '../query/words.ts';
import { FieldTree } from './field-tree.ts';
import type { FieldNode, ValueTokens } from './field-tree.ts';
import { isHashedField, isMagnitudeOnly, isOneWordField } from './indexed-fields.ts';
import { ShapeRegistry } from './shape-registry.ts';
import type { Shape } from './shape-registry.ts';
import {
  blindDomainToken,
  blindNetworkToken,
  blindValueToken,
  blindWordToken,
  magnitudeOf,
  magnitudeToken,
  NETWORK_BITS,
  TOKEN_EVERY,
  TOKEN_MORE,
  valueToken,
} from './tokens.ts';

/** The most tokens that a record gets; one that has more is a candidate of every query. */
const MAX_DOCUMENT_TOKENS = 4096;

/** What the index stores of a document. */
export interface DocumentTokens {
  /** Joined by spaces. */
  text: string;
  /** Which fields the document has; absent where it has more tokens than are kept. */
  shape?: Shape;
}

/** Turns documents into the text that the full-text table takes in. */
export class DocumentTokenizer {
  readonly #key: BlindKey;
  readonly #fields = new FieldTree();
  readonly #shapes: ShapeRegistry;
  /** Of the document at hand. */
  #texts: string[] = [];
  #ids: number[] = [];
  #nodes: FieldNode[] = [];
  #count = 0;

  constructor(key: BlindKey) {
    this.#key = key;
    this.#shapes = new ShapeRegistry(key);
  }

  tokenize(document: JsonObject): DocumentTokens {
    this.#texts = [];
    this.#ids = [];
    this.#nodes = [];
    this.#count = 0;
    this.#walk(document, this.#fields.root);
    if (this.#count > MAX_DOCUMENT_TOKENS) return { text: `${TOKEN_EVERY} ${TOKEN_MORE}` };
    const shape = this.#shapes.shapeOf(this.#ids, this.#nodes);
    return { text: `${TOKEN_EVERY} ${shape.token} ${this.#texts.join(' ')}`, shape };
  }

  #walk(value: JsonValue, node: FieldNode): void {
    if (value === null || !node.indexed || this.#count > MAX_DOCUMENT_TOKENS) return;
    if (typeof value !== 'object') {
      this.#take(value, node);
    } else if (Array.isArray(value)) {
      for (const element of value) this.#walk(element, node);
    } else {
      for (const name in value) {
        const member = value[name];
        if (member !== undefined) this.#walk(member, this.#fields.child(node, name));
      }
    }
  }

  #take(value: string | number | boolean, node: FieldNode): void {
    if (this.#nodes.at(-1) !== node) {
      this.#ids.push(node.id);
      this.#nodes.push(node);
    }
    const { text, count } = this.#fields.tokensOf(node, value, () => this.#makeTokens(value, node));
    if (count > 0) this.#texts.push(text);
    this.#count += count + 1;
  }

  #makeTokens(value: string | number | boolean, { name, clear, text }: FieldNode): ValueTokens {
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
      if (text) tokens.push(...this.#wordTokens(name, value));
    }
    return { text: tokens.join(' '), count: tokens.length };
  }

  /** A name that is a single word needs no token beside its own value's. */
  #wordTokens(name: string, value: string): string[] {
    const words = new Set(splitWords(value));
    if (isOneWordField(name) && words.size === 1 && words.has(value)) return [];
    return Array.from(words, (word) => blindWordToken(this.#key, word));
  }

  #networkTokens(name: string, value: string): string[] {
    const address = parseAddress(value);
    if (address === undefined) return [];
    const bits = NETWORK_BITS[address.length] ?? [];
    return bits.map((length) => blindNetworkToken(this.#key, name, address, length));
  }
}
