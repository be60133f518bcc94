import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  knownFields,
  type RecordDraft,
} from '@spanledger/record';
import { type PersonalDataKind, recognizePersonalData } from './personal-data.ts';

/** Texts that were looked at and hold nothing personal, two generations of this many: fields in the clear repeat. */
const MAX_KNOWN_CLEAN = 8_192;

/** The flat object in which attributes stand that have no place of their own. */
const ATTRIBUTES = 'attributes';

/** What the mapping writes in the clear out of what a sender names. */
const WRITTEN_FIELDS = [
  'audit.action',
  'audit.target.id',
  'audit.target.type',
  'event.action',
  'event.reason',
];

/** Without these a record is none: they keep their place and lose their text. */
const REQUIRED_FIELDS: ReadonlySet<string> = new Set(['audit.action', 'event.action']);

/** What stands in place of a required text. */
const PLACEHOLDER = 'quarantined';

const TEXT_SHAPES: ReadonlySet<string> = new Set(['any', 'list', 'scopes', 'text', 'word']);

/** Without these it could not be told any more whose record it is: what looks personal in them is only told of. */
const NAMING_FIELDS: ReadonlySet<string> = new Set(['oidc.client_id', 'oidc.issuer', 'service.name']);

/** Numbers that a producer gives its records: not texts for people. */
const NOT_LOOKED_AT: ReadonlySet<string> = new Set(['audit.sequence.stream_id']);

interface Node {
  /** Where texts from outside may stand. */
  isField: boolean;
  children: Map<string, Node>;
}

/** Names of the fields in the clear that hold texts from outside. */
export function quarantinedFields(): string[] {
  const clear = knownFields().flatMap(({ path, group, shape }) =>
    group === 'clear' && TEXT_SHAPES.has(shape) && !NOT_LOOKED_AT.has(path) ? [path] : [],
  );
  return [...new Set([...clear, ...WRITTEN_FIELDS])].toSorted();
}

/** Looks for personal data where none may be, in what is about to stand in the clear for good. */
export class Quarantine {
  readonly #root: Node = { isField: false, children: new Map() };
  readonly #onFound: (field: string, kind: PersonalDataKind) => void;
  #found = 0;
  #young: Set<string> = new Set();
  #old: Set<string> = new Set();

  /**
   * @param except - fields that are not looked at
   * @param onFound - told of each value that was moved
   */
  constructor(except: readonly string[], onFound: (field: string, kind: PersonalDataKind) => void) {
    this.#onFound = onFound;
    for (const field of quarantinedFields()) {
      if (except.includes(field)) continue;
      let node = this.#root;
      for (const name of field.split('.')) {
        const child = node.children.get(name) ?? { isField: false, children: new Map() };
        node.children.set(name, child);
        node = child;
      }
      node.isField = true;
    }
  }

  /** How many values were found so far, whether or not they were moved. */
  get found(): number {
    return this.#found;
  }

  /**
   * Moves what looks personal from the clear part of a draft to the committed group `content`, in place.
   *
   * @returns the fields that were moved
   */
  check(draft: RecordDraft): string[] {
    const moved: string[] = [];
    this.#walk(draft.clear, this.#root, '', (field, value, kind) => {
      this.#found++;
      this.#onFound(field, kind);
      if (NAMING_FIELDS.has(field)) return;
      const content = (draft.groups.content ??= {});
      const attributes = content[ATTRIBUTES];
      const others = isJsonObject(attributes) ? attributes : (content[ATTRIBUTES] = {});
      // A name that is taken is another attribute's: the value is on the safe side all the same.
      others[Object.hasOwn(others, field) ? `${field} (quarantined)` : field] = value;
      moved.push(field);
    });
    return moved;
  }

  #walk(
    object: JsonObject,
    node: Node,
    prefix: string,
    onFound: (field: string, value: JsonValue, kind: PersonalDataKind) => void,
  ): void {
    for (const [name, child] of node.children) {
      const value = object[name];
      if (value === undefined) continue;
      const field = prefix + name;
      if (child.isField) {
        const kind = this.#recognize(value);
        if (kind !== undefined) {
          onFound(field, value, kind);
          if (REQUIRED_FIELDS.has(field)) object[name] = PLACEHOLDER;
          else if (!NAMING_FIELDS.has(field)) delete object[name];
          continue;
        }
      }
      if (child.children.size > 0 && isJsonObject(value)) {
        this.#walk(value, child, `${field}.`, onFound);
        if (Object.keys(value).length === 0) delete object[name];
      }
    }
  }

  #recognize(value: JsonValue): PersonalDataKind | undefined {
    if (typeof value === 'string') return this.#recognizeText(value);
    if (!Array.isArray(value)) return undefined;
    for (const item of value) {
      const kind = this.#recognize(item);
      if (kind !== undefined) return kind;
    }
    return undefined;
  }

  #recognizeText(text: string): PersonalDataKind | undefined {
    if (this.#young.has(text)) return undefined;
    const kind = this.#old.has(text) ? undefined : recognizePersonalData(text);
    if (kind !== undefined) return kind;
    if (this.#young.size >= MAX_KNOWN_CLEAN) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(text);
    return undefined;
  }
}
