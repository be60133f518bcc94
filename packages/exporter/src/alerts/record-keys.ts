import type { FollowedRecord } from '../followed-records.ts';
import { HiddenValues, type Hide } from './hidden-values.ts';
import type { FieldReader } from './record-field.ts';

/**
 * Reads the hidden key of a record.
 *
 * @param mayLack - a field may have no value
 * @returns undefined where one has none and must not
 */
export type KeyReader = (record: FollowedRecord, mayLack: boolean) => string | undefined;

/** What a list of fields gave of the record that was asked about last. */
interface LastKey {
  record: FollowedRecord | undefined;
  key: string;
  /** A field has no value. */
  lacks: boolean;
}

/**
 * Hidden keys of records, which are the values of some fields. Many rules go by the same fields, one rule after the
 * other: they share a reader.
 */
export class RecordKeys {
  readonly #values: HiddenValues;
  readonly #last: Set<LastKey> = new Set();
  readonly #readers: Map<string, KeyReader> = new Map();
  readonly #numbers: Map<FieldReader, number> = new Map();

  constructor(hide: Hide) {
    this.#values = new HiddenValues(hide);
  }

  /** @param kind - what the key is: the same values give another key under another kind */
  reader(kind: string, fields: readonly FieldReader[]): KeyReader {
    const name = [kind, ...fields.map((field) => this.#numberOf(field))].join(' ');
    const known = this.#readers.get(name);
    if (known !== undefined) return known;
    const last: LastKey = { record: undefined, key: '', lacks: false };
    this.#last.add(last);
    const reader: KeyReader = (record, mayLack) => {
      if (last.record !== record) this.#take(last, kind, fields, record);
      return last.lacks && !mayLack ? undefined : last.key;
    };
    this.#readers.set(name, reader);
    return reader;
  }

  /** The token of a value. */
  hide(kind: string, value: string): string {
    return this.#values.of(kind, value);
  }

  /** Somebody is to be forgotten: no value is at hand any more. */
  forget(): void {
    this.#values.forget();
    for (const last of this.#last) last.record = undefined;
  }

  #take(last: LastKey, kind: string, fields: readonly FieldReader[], record: FollowedRecord): void {
    const parts: string[] = [];
    last.lacks = false;
    for (const read of fields) {
      const values = read(record);
      if (values.length === 0) last.lacks = true;
      parts.push(values.length === 1 ? String(values[0]) : values.join('\n'));
    }
    last.key = this.#values.of(kind, JSON.stringify(parts));
    last.record = record;
  }

  /** Fields of the same name have the same reader. */
  #numberOf(field: FieldReader): number {
    const number = this.#numbers.get(field) ?? this.#numbers.size;
    this.#numbers.set(field, number);
    return number;
  }
}
