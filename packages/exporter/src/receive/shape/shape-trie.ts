import { MAX_SHAPE_NODES } from '../limits.ts';

/** Children of one place; what comes in more orders than these is no learned shape. */
const MAX_CHILDREN = 64;

/** A place in the learned order of attribute keys: the keys that lead to it, and those that came next. */
export interface ShapeNode<Shape> {
  /** The last key's UTF-8. */
  readonly key: Uint8Array;
  readonly parent: ShapeNode<Shape> | undefined;
  /** The child that was met last. */
  next: ShapeNode<Shape> | undefined;
  readonly children: ShapeNode<Shape>[];
  /** What is known of spans whose attributes end here; undefined until somebody learns it. */
  shape: Shape | undefined;
}

/**
 * The orders in which attribute keys were met. Spans of one instrumentation have the same keys in the same order, so
 * that comparing each with the one that followed the last time is all that reading them takes. Keys come from outside:
 * what is full is forgotten as a whole, and learned again from the next spans.
 */
export class ShapeTrie<Shape> {
  #root: ShapeNode<Shape> = emptyNode(new Uint8Array(0), undefined);
  #nodes = 0;

  /** Where no key was read yet. */
  get root(): ShapeNode<Shape> {
    return this.#root;
  }

  /** How many places are known. */
  get size(): number {
    return this.#nodes;
  }

  /** Forgets everything. */
  clear(): void {
    this.#root = emptyNode(new Uint8Array(0), undefined);
    this.#nodes = 0;
  }

  /**
   * The place after one key more; undefined where too many came before.
   *
   * @param bytes - the whole message
   * @param start - offset of the key's first byte
   * @param end - offset just past its last byte
   */
  follow(
    node: ShapeNode<Shape>,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ShapeNode<Shape> | undefined {
    const { next } = node;
    if (next !== undefined && isKey(next.key, bytes, start, end)) return next;
    return this.#find(node, bytes, start, end);
  }

  #find(node: ShapeNode<Shape>, bytes: Uint8Array, start: number, end: number): ShapeNode<Shape> | undefined {
    for (const child of node.children) {
      if (!isKey(child.key, bytes, start, end)) continue;
      node.next = child;
      return child;
    }
    if (node.children.length === MAX_CHILDREN) return undefined;
    // Places that are being read go on to work; nothing leads to them any more.
    if (this.#nodes === MAX_SHAPE_NODES) this.clear();
    this.#nodes++;
    // A copy: the part that a Buffer's `slice` gives would keep the whole request, and change with its memory.
    const child = emptyNode<Shape>(new Uint8Array(bytes.subarray(start, end)), node);
    node.children.push(child);
    node.next = child;
    return child;
  }
}

/** The keys that lead to a place, in their order. */
export function keysOf(node: ShapeNode<unknown>): Uint8Array[] {
  const keys: Uint8Array[] = [];
  for (let at: ShapeNode<unknown> = node; at.parent !== undefined; at = at.parent) keys.unshift(at.key);
  return keys;
}

function emptyNode<Shape>(key: Uint8Array, parent: ShapeNode<Shape> | undefined): ShapeNode<Shape> {
  return { key, parent, next: undefined, children: [], shape: undefined };
}

function isKey(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}
