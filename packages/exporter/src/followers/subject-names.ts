import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

/** Where a person is named, and what they are called. */
const NAME_FIELDS: readonly (readonly string[])[] = [
  ['user', 'id'],
  ['user', 'name'],
  ['user', 'full_name'],
  ['user', 'email'],
  ['enduser', 'id'],
  ['enduser', 'pseudo', 'id'],
  ['oidc', 'session', 'id'],
  ['session', 'id'],
];

/** Where they came from. */
const ADDRESS_FIELDS: readonly (readonly string[])[] = [
  ['client', 'address'],
  ['source', 'address'],
  ['network', 'peer', 'address'],
];

/** The most names, and the most addresses, that other records are searched for. */
const MAX_NAMES = 20_000;
const MAX_ADDRESSES = 256;

/** Fields of {@link ADDRESS_FIELDS}, with dots between their members. */
export const ADDRESS_PATHS: readonly string[] = ADDRESS_FIELDS.map((path) => path.join('.'));

/** What others may have written down of a person. */
export interface SubjectNames {
  names: string[];
  /** Addresses, also such that others share. */
  addresses: string[];
}

/** Gathers what a person is called and where they came from, record by record. */
export class NameGatherer {
  readonly #names: Set<string> = new Set();
  readonly #addresses: Set<string> = new Set();

  /** @param values - of the opened groups of one record */
  add(values: Iterable<JsonObject>): void {
    for (const value of values) {
      take(value, NAME_FIELDS, this.#names, MAX_NAMES);
      take(value, ADDRESS_FIELDS, this.#addresses, MAX_ADDRESSES);
    }
  }

  gathered(): SubjectNames {
    return { names: [...this.#names], addresses: [...this.#addresses] };
  }
}

function take(
  value: JsonObject,
  fields: readonly (readonly string[])[],
  into: Set<string>,
  most: number,
): void {
  for (const path of fields) {
    const found = path.reduce<JsonValue | undefined>(
      (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      value,
    );
    if (typeof found === 'string' && found !== '' && into.size < most) into.add(found);
  }
}
