import { encodeCanonical, isJsonObject, type JsonObject } from '@spanledger/record';
import { STEP_HOLE, STEP_LITERAL } from './steps.ts';
import type { Program } from './template.ts';

/** A place of a document that is written anew for each record. */
export interface Slot {
  /** Member names from the outermost object of the record or group. */
  path: readonly string[];
  step: number;
  /** What {@link Program.arguments} says of it. */
  argument: number;
}

/** `audit`, in which the ledger takes its place behind the last member whose name is not above. */
const AUDIT = 'audit';
const LEDGER = 'ledger';

/** Writes down how documents with the same members are written. */
export class ProgramBuilder {
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #used: Set<Slot> = new Set();
  readonly #steps: [step: number, argument: number][] = [];
  readonly #literals: Uint8Array[] = [];
  #literal: Uint8Array[] = [];
  #hasHole = false;

  constructor(slots: readonly Slot[]) {
    this.#slots = new Map(slots.map((slot) => [pathKey(slot.path), slot]));
  }

  /** The slots that the document has no place for. */
  get unused(): Slot[] {
    return [...this.#slots.values()].filter((slot) => !this.#used.has(slot));
  }

  /** A step that stands nowhere in particular. */
  step(step: number, argument: number): void {
    this.#flush();
    this.#steps.push([step, argument]);
  }

  /** The members of an object, in canonical order; a member of a slot's path is that slot's. */
  object(object: JsonObject, path: readonly string[] = []): void {
    let separator = '{';
    for (const name of Object.keys(object).sort()) {
      this.#ascii(separator);
      separator = ',';
      if (path[0] === AUDIT && path.length === 1 && name > LEDGER && !this.#hasHole) {
        this.#hasHole = true;
        this.step(STEP_HOLE, 0);
      }
      this.#literal.push(encodeCanonical(name));
      this.#ascii(':');
      this.#member(object[name], [...path, name]);
    }
    this.#ascii(separator === '{' ? '{}' : '}');
  }

  build(): Program {
    this.#flush();
    return {
      steps: Uint8Array.from(this.#steps, ([step]) => step),
      arguments: Uint16Array.from(this.#steps, ([, argument]) => argument),
      literals: this.#literals,
    };
  }

  #member(value: JsonObject[string] | undefined, path: readonly string[]): void {
    const slot = this.#slots.get(pathKey(path));
    if (slot !== undefined) {
      this.#used.add(slot);
      this.step(slot.step, slot.argument);
    } else if (isJsonObject(value)) this.object(value, path);
    else this.#literal.push(encodeCanonical(value ?? null));
  }

  #ascii(text: string): void {
    this.#literal.push(Buffer.from(text, 'latin1'));
  }

  #flush(): void {
    if (this.#literal.length === 0) return;
    this.#steps.push([STEP_LITERAL, this.#literals.length]);
    this.#literals.push(new Uint8Array(Buffer.concat(this.#literal)));
    this.#literal = [];
  }
}

function pathKey(path: readonly string[]): string {
  return path.join('\0');
}
