import type { DatabaseSync } from 'node:sqlite';

import type { Shape } from './shape-registry.ts';

/** Tables of {@link ShapeTable}. */
export const SHAPE_SCHEMA = `
  CREATE TABLE shape_fields (field TEXT NOT NULL, shape TEXT NOT NULL, PRIMARY KEY (field, shape)) WITHOUT ROWID;
`;

/** The most shapes that a query names; a field that more shapes have is hardly worth asking for. */
const MAX_SHAPES_ASKED = 256;

/** Which shapes have which field. */
export class ShapeTable {
  readonly #database: DatabaseSync;
  /** Tokens of shapes that are known to be in the table. */
  readonly #stored = new Set<string>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Stores shapes, within the caller's transaction. */
  store(shapes: Iterable<Shape>): void {
    const insert = this.#database.prepare('INSERT OR IGNORE INTO shape_fields (field, shape) VALUES (?, ?)');
    for (const { token, fields } of shapes) {
      if (this.#stored.has(token)) continue;
      for (const field of fields) insert.run(field, token);
      this.#stored.add(token);
    }
  }

  /** Forgets what it took for stored: the transaction was undone. */
  forget(): void {
    this.#stored.clear();
  }

  /**
   * @param field - token of the field
   * @returns tokens of the shapes that have it; undefined when there are too many to ask for
   */
  shapesWith(field: string): string[] | undefined {
    const sql = 'SELECT shape FROM shape_fields WHERE field = ? LIMIT ?';
    const rows = this.#database.prepare(sql).all(field, MAX_SHAPES_ASKED + 1);
    return rows.length > MAX_SHAPES_ASKED ? undefined : rows.map((row) => String(row['shape']));
  }

  /**
   * @param fields - tokens of fields
   * @returns tokens of the shapes that have none of them; undefined when there are too many to ask for
   */
  shapesWithout(fields: readonly string[]): string[] | undefined {
    const sql = `SELECT DISTINCT shape FROM shape_fields WHERE shape NOT IN
      (SELECT shape FROM shape_fields WHERE field IN (SELECT value FROM json_each(?))) LIMIT ?`;
    const rows = this.#database.prepare(sql).all(JSON.stringify(fields), MAX_SHAPES_ASKED + 1);
    return rows.length > MAX_SHAPES_ASKED ? undefined : rows.map((row) => String(row['shape']));
  }
}
