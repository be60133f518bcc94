/** Hides a value: equal ones give equal tokens, and nobody can tell what they stand for. */
export type Hide = (kind: string, value: string) => string;

/** The most values whose tokens are at hand, twice. */
const MAX_VALUES = 32_768;

/** Tokens of the values that came last: the same people, sessions and addresses come again and again. */
export class HiddenValues {
  readonly #hide: Hide;
  #young: Map<string, string> = new Map();
  #old: Map<string, string> = new Map();

  constructor(hide: Hide) {
    this.#hide = hide;
  }

  /** The token of a value. */
  of(kind: string, value: string): string {
    const name = `${kind} ${value}`;
    const known = this.#young.get(name);
    if (known !== undefined) return known;
    const token = this.#old.get(name) ?? this.#hide(kind, value);
    if (this.#young.size >= MAX_VALUES) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, token);
    return token;
  }

  /** Nothing is at hand any more: somebody is to be forgotten. */
  forget(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
