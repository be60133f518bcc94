import { groupOfPath } from '@spanledger/record';

import { isTextPath } from '../query/evaluate.ts';
import { isHashedField, isMagnitudeOnly, isUnindexedField, UNINDEXED_SUBTREES } from './indexed-fields.ts';

/** A word of free text. */
export interface Word {
  readonly token: string;
  /** Number of the last document that got the token. */
  document: number;
}

/** The tokens of one value. */
export interface ValueTokens {
  /** Those that only this field's values have, joined by spaces. */
  text: string;
  /** How many are in `text`. */
  count: number;
  /** Its words, which stand elsewhere as well. */
  words: readonly Word[];
}

/** What there is to know of a field before its values are seen. */
export interface FieldNode {
  /** Member names joined by dots. */
  readonly name: string;
  readonly path: readonly string[];
  /** Different for each field that the tree keeps; 0 for those that it does not. */
  readonly id: number;
  /** False where the field has no tokens, and none below it. */
  readonly indexed: boolean;
  /** In the hashed bytes, not in a committed group. */
  readonly clear: boolean;
  /** Free text finds its words. */
  readonly text: boolean;
  readonly children: Map<string, FieldNode>;
  /** False where values hardly ever come again. */
  readonly repeats: boolean;
  /** Tokens of values that came before. */
  values: Map<string | number | boolean, ValueTokens>;
}

/** The most fields that are kept; names of attributes come from outside. */
export const MAX_FIELDS = 16_384;

/** The most values whose tokens are kept for a field; past that they are forgotten and kept anew. */
const MAX_VALUES = 2048;

/** Longer values hardly ever come again. */
const MAX_VALUE_LENGTH = 256;

/** The fields that were met, as a tree of member names: finding one takes no string but the names themselves. */
export class FieldTree {
  readonly root: FieldNode = createNode([], 0);
  #count = 0;

  /** The field of a member of an object. */
  child(parent: FieldNode, name: string): FieldNode {
    const known = parent.children.get(name);
    if (known !== undefined) return known;
    const kept = this.#count < MAX_FIELDS && (parent.id !== 0 || parent === this.root);
    const node = createNode([...parent.path, name], kept ? ++this.#count : 0);
    if (kept) parent.children.set(name, node);
    return node;
  }

  /** The tokens of a value of a field, if they were kept. */
  keptTokens(node: FieldNode, value: string | number | boolean): ValueTokens | undefined {
    return node.repeats ? node.values.get(value) : undefined;
  }

  /** Keeps the tokens of a value for the next time. */
  keepTokens(node: FieldNode, value: string | number | boolean, tokens: ValueTokens): void {
    if (!node.repeats || (typeof value === 'string' && value.length > MAX_VALUE_LENGTH)) return;
    if (node.values.size >= MAX_VALUES) node.values = new Map();
    node.values.set(value, tokens);
  }
}

function createNode(path: readonly string[], id: number): FieldNode {
  const name = path.join('.');
  return {
    name,
    path,
    id,
    indexed: !isUnindexedField(name) && !UNINDEXED_SUBTREES.has(name),
    // Only where both spellings of a path say so: a member name may hold dots itself.
    clear: groupOfPath(path) === 'clear' && groupOfPath(name.split('.')) === 'clear',
    text: isTextPath(path, name),
    children: new Map(),
    repeats: id !== 0 && !isMagnitudeOnly(name) && !isHashedField(name),
    values: new Map(),
  };
}
