import { COMMITMENT_GROUPS } from '@spanledger/record';
import type { JsonObject, JsonValue, Openings } from '@spanledger/record';

import type { BlindKey } from '../../blind-key.ts';
import { FieldTree } from './field-tree.ts';
import type { FieldNode, ValueTokens } from './field-tree.ts';
import { ShapeRegistry } from './shape-registry.ts';
import type { Shape } from './shape-registry.ts';
import { TOKEN_EVERY, TOKEN_MORE } from './tokens.ts';
import { ValueTokenizer } from './value-tokens.ts';

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
  readonly #fields = new FieldTree();
  readonly #values: ValueTokenizer;
  readonly #shapes: ShapeRegistry;
  /** Which document is at hand, to know the words that it has already. */
  #document = 0;
  #texts: string[] = [];
  #nodes: FieldNode[] = [];
  #count = 0;

  constructor(key: BlindKey) {
    this.#values = new ValueTokenizer(key);
    this.#shapes = new ShapeRegistry(key);
  }

  /** @param openings - opened groups that `document` does not hold */
  tokenize(document: JsonObject, openings: Openings = {}): DocumentTokens {
    this.#document++;
    this.#texts = [TOKEN_EVERY];
    this.#nodes = [];
    this.#count = 0;
    this.#walk(document, this.#fields.root);
    for (const group of COMMITMENT_GROUPS) {
      const opening = openings[group];
      if (opening !== undefined) this.#walk(opening.value, this.#fields.root);
    }
    if (this.#count > MAX_DOCUMENT_TOKENS) return { text: `${TOKEN_EVERY} ${TOKEN_MORE}` };
    const shape = this.#shapes.shapeOf(this.#nodes);
    this.#texts.push(shape.token);
    return { text: this.#texts.join(' '), shape };
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
      this.#nodes.push(node);
    }
    const { text, count, words } = this.#tokensOf(value, node);
    if (count > 0) this.#texts.push(text);
    this.#count += count + words.length + 1;
    for (const word of words) {
      // The same words stand in route, action, path and name; one token says it for all of them.
      if (word.document === this.#document) continue;
      word.document = this.#document;
      this.#texts.push(word.token);
    }
  }

  #tokensOf(value: string | number | boolean, node: FieldNode): ValueTokens {
    const known = this.#fields.keptTokens(node, value);
    if (known !== undefined) return known;
    const tokens = this.#values.tokensOf(value, node);
    this.#fields.keepTokens(node, value, tokens);
    return tokens;
  }
}
