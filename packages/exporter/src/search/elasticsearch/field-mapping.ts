/** What is known of how Elasticsearch indexes a field. */
export type MappedField =
  /** Exact values; longer ones than `maxLength`, in UTF-16 units, are not indexed. */
  | { type: 'keyword'; name: string; maxLength: number; addresses: string | undefined }
  /** A member of a flattened object, or (`key` undefined) the object itself. */
  | { type: 'flattened'; name: string; root: string; key: string | undefined; maxLength: number }
  | { type: 'integer'; name: string; min: bigint; max: bigint }
  | { type: 'boolean'; name: string }
  | { type: 'date'; name: string; unit: 'ms' | 'ns' }
  | { type: 'ip'; name: string }
  /** Something that has fields below it. */
  | { type: 'object'; name: string }
  /** It may be in documents, and is not indexed, or in a way that we do not know. */
  | { type: 'unknown' };

/** The mapping of a stream: of several backing indices only what they agree on. */
export interface StreamMapping {
  fieldAt(name: string): MappedField;
  /** The field that has the words of all text; undefined where there is none. */
  readonly words: string | undefined;
  /** Names of the flattened objects. */
  readonly flattened: readonly { name: string; maxLength: number }[];
}

/** The analyzer that cuts text into words as the query language does. */
const WORDS_ANALYZER = 'spanledger_words';

const UNKNOWN: MappedField = { type: 'unknown' };

const INTEGERS: ReadonlyMap<string, bigint> = new Map([
  ['long', 64n],
  ['integer', 32n],
  ['short', 16n],
  ['byte', 8n],
]);

/** Types that compare whole values; the last two are what a server may have in the place of the first. */
const KEYWORDS: ReadonlySet<string> = new Set(['keyword', 'constant_keyword', 'wildcard']);

type Node = Readonly<Record<string, unknown>>;

/**
 * Reads mappings as Elasticsearch answers them.
 *
 * @param mappings - `mappings` of each backing index
 */
export function readMappings(mappings: readonly unknown[]): StreamMapping {
  const roots = mappings.map((mapping) => membersOf(mapping));
  const known = new Map<string, MappedField>();
  const first = roots[0] ?? {};
  return {
    words: wordsField(roots),
    flattened: findFlattened(first, ''),
    fieldAt(name) {
      const before = known.get(name);
      if (before !== undefined) return before;
      const fields = roots.map((members) => fieldIn(members, name));
      const field = fields[0] ?? UNKNOWN;
      const agreed = fields.every((other) => isSame(other, field)) ? field : UNKNOWN;
      if (known.size < MAX_KNOWN_FIELDS) known.set(name, agreed);
      return agreed;
    },
  };
}

/** How many fields are remembered; queries come from outside. */
const MAX_KNOWN_FIELDS = 4096;

function fieldIn(members: Node, name: string): MappedField {
  let at = members;
  const names = name.split('.');
  for (const [i, part] of names.entries()) {
    const node = at[part];
    if (!isNode(node)) return UNKNOWN;
    const path = names.slice(0, i + 1).join('.');
    const isLast = i === names.length - 1;
    if (node['type'] === 'flattened') {
      const key = isLast ? undefined : names.slice(i + 1).join('.');
      return { type: 'flattened', name, root: path, key, maxLength: maxLengthOf(node) };
    }
    if (isLast) return readField(node, path);
    at = membersOf(node);
  }
  return UNKNOWN;
}

function readField(node: Node, name: string): MappedField {
  const { type = 'object', index = true, fields } = node;
  if (index === false || typeof type !== 'string') return UNKNOWN;
  const bits = INTEGERS.get(type);
  if (bits !== undefined) {
    return { type: 'integer', name, min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n };
  }
  if (KEYWORDS.has(type)) {
    const below = isNode(fields) ? Object.entries(fields) : [];
    const [part] = below.find(([, field]) => isNode(field) && field['type'] === 'ip') ?? [];
    return {
      type: 'keyword',
      name,
      maxLength: maxLengthOf(node),
      addresses: part === undefined ? undefined : `${name}.${part}`,
    };
  }
  switch (type) {
    case 'boolean':
    case 'ip':
    case 'object':
      return { type, name };
    case 'date':
      return { type: 'date', name, unit: 'ms' };
    case 'date_nanos':
      return { type: 'date', name, unit: 'ns' };
    default:
      return UNKNOWN;
  }
}

function findFlattened(members: Node, prefix: string): { name: string; maxLength: number }[] {
  return Object.entries(members).flatMap(([part, node]) => {
    if (!isNode(node)) return [];
    const name = `${prefix}${part}`;
    if (node['type'] === 'flattened') return [{ name, maxLength: maxLengthOf(node) }];
    return findFlattened(membersOf(node), `${name}.`);
  });
}

function wordsField(roots: readonly Node[]): string | undefined {
  const isWords = (node: unknown): boolean =>
    isNode(node) && node['type'] === 'text' && node['analyzer'] === WORDS_ANALYZER;
  const [name] = Object.entries(roots[0] ?? {}).find(([, node]) => isWords(node)) ?? [];
  return name !== undefined && roots.every((members) => isWords(members[name])) ? name : undefined;
}

function maxLengthOf(node: Node): number {
  const { ignore_above: maxLength } = node;
  return typeof maxLength === 'number' ? maxLength : Number.MAX_SAFE_INTEGER;
}

function membersOf(node: unknown): Node {
  const members = isNode(node) ? node['properties'] : undefined;
  return isNode(members) ? members : {};
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function isSame(a: MappedField, b: MappedField): boolean {
  const entries = Object.entries(a);
  const others = new Map<string, unknown>(Object.entries(b));
  return entries.length === others.size && entries.every(([key, value]) => others.get(key) === value);
}
