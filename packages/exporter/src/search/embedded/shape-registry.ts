import type { BlindKey } from '../../blind-key.ts';
import { MAX_FIELDS } from './field-tree.ts';
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

/** The most beginnings of shapes that are told apart. */
const MAX_STEPS = 65_536;

const SHAPELESS: Shape = { token: TOKEN_SHAPELESS, fields: [] };

/** Names the shapes of documents. */
export class ShapeRegistry {
  readonly #key: BlindKey;
  /** From the number of a beginning and one field more to the number of the longer beginning. */
  readonly #steps = new Map<number, number>();
  /** By the number of the beginning that is all of it. */
  readonly #shapes = new Map<number, Shape>();

  constructor(key: BlindKey) {
    this.#key = key;
  }

  /** @param nodes - the fields, in the order of the document */
  shapeOf(nodes: readonly FieldNode[]): Shape {
    let place = 0;
    for (const { id } of nodes) {
      const next = id === 0 ? undefined : this.#step(place, id);
      if (next === undefined) return SHAPELESS;
      place = next;
    }
    const known = this.#shapes.get(place);
    if (known !== undefined) return known;
    if (this.#shapes.size >= MAX_SHAPES) return SHAPELESS;
    const shape = this.#nameShape(nodes);
    this.#shapes.set(place, shape);
    return shape;
  }

  #step(place: number, id: number): number | undefined {
    const step = place * (MAX_FIELDS + 1) + id;
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    if (this.#steps.size >= MAX_STEPS) return undefined;
    const next = this.#steps.size + 1;
    this.#steps.set(step, next);
    return next;
  }

  #nameShape(nodes: readonly FieldNode[]): Shape {
    const fields = new Set<string>();
    for (const { path, clear } of nodes) {
      for (let depth = 1; depth <= path.length; depth++) {
        const name = path.slice(0, depth).join('.');
        fields.add(clear ? fieldToken(name) : blindFieldToken(this.#key, name));
      }
    }
    const sorted = [...fields].toSorted();
    return { token: shapeToken(this.#key, sorted), fields: sorted };
  }
}
