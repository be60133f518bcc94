import type { BlindKey } from '../../blind-key.ts';
import type { FieldNode } from './field-tree.ts';
import { blindFieldToken, fieldToken, shapeToken, TOKEN_SHAPELESS } from './tokens.ts';

/** The set of fields that a document has. Few shapes are shared by many documents. */
export interface Shape {
  /** Stands on every record of the shape. */
  token: string;
  /** The tokens of its fields, and of those that they lie below. */
  fields: readonly string[];
}

/** The most shapes that are told apart; records of further ones are candidates wherever a field must exist. */
const MAX_SHAPES = 4096;

const SHAPELESS: Shape = { token: TOKEN_SHAPELESS, fields: [] };

/** Names the shapes of documents. */
export class ShapeRegistry {
  readonly #key: BlindKey;
  readonly #shapes = new Map<string, Shape>();

  constructor(key: BlindKey) {
    this.#key = key;
  }

  /**
   * @param ids - of the fields, in the order of the document
   * @param nodes - the fields
   */
  shapeOf(ids: readonly number[], nodes: readonly FieldNode[]): Shape {
    if (ids.includes(0)) return SHAPELESS;
    const known = this.#shapes.get(ids.join());
    if (known !== undefined) return known;
    if (this.#shapes.size >= MAX_SHAPES) return SHAPELESS;
    const fields = new Set<string>();
    for (const { path, clear } of nodes) {
      for (let depth = 1; depth <= path.length; depth++) {
        const name = path.slice(0, depth).join('.');
        fields.add(clear ? fieldToken(name) : blindFieldToken(this.#key, name));
      }
    }
    const sorted = [...fields].toSorted();
    const shape = { token: shapeToken(this.#key, sorted), fields: sorted };
    this.#shapes.set(ids.join(), shape);
    return shape;
  }
}
