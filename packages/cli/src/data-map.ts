import {
  closeDocument,
  COMMITMENT_GROUPS,
  type CommitmentGroup,
  isJsonObject,
  type JsonObject,
} from '@spanledger/record';
import { listAt, numberAt, textAt, valueAt } from './output/document-fields.ts';

/** Fields that are listed; names of attributes come from outside. The rest is counted together. */
export const MAX_FIELDS = 5_000;

/** Services, rules and classes that are listed for a field. */
export const MAX_NAMES = 64;

/** People that are told apart. */
export const MAX_PEOPLE = 1_000_000;

/** The flat object in which attributes stand that have no place of their own. */
const ATTRIBUTES = 'attributes';

/** What stands for the fields beyond {@link MAX_FIELDS}. */
const OTHER_FIELDS = '(other fields)';

/** A field that holds personal data, or may. */
export interface FieldUse {
  field: string;
  group: CommitmentGroup;
  /** Records that hold it. */
  records: number;
  services: string[];
  /** Rules of the audit policy by which these records are kept, `default` where none said anything. */
  rules: string[];
  /** Their classes of retention, `default` where none was given. */
  retention: string[];
}

/** A reader of the archive. */
export interface ReaderUse {
  /** The id of the token, or the reference of a client certificate. */
  reader: string;
  role: string;
  /** How often the archive was asked. */
  requests: number;
  /** How many opened records were shown. */
  records: number;
  /** RFC 3339. */
  last: string;
}

/** What is stored of people, as far as records tell. */
export interface DataMap {
  records: number;
  /** Different people that records are about. */
  people: number;
  /** RFC 3339; absent without records. */
  first?: string;
  last?: string;
  fields: FieldUse[];
  /** Records whose group cannot be opened any more: erased, or past its time. */
  closed: Record<CommitmentGroup, number>;
  /** Fields that were minimised or quarantined, and in how many records. */
  redacted: { field: string; records: number }[];
  readers: ReaderUse[];
  erasures: number;
}

/** Gathers a {@link DataMap}, document by document. */
export class DataMapBuilder {
  #records = 0;
  #first: string | undefined;
  #last: string | undefined;
  #erasures = 0;
  readonly #people: Set<string> = new Set();
  readonly #fields: Map<string, FieldUse> = new Map();
  readonly #redacted: Map<string, number> = new Map();
  readonly #readers: Map<string, ReaderUse> = new Map();
  readonly #closed: Record<CommitmentGroup, number> = { content: 0, identity: 0, network: 0 };

  /** @param document - an opened document */
  add(document: JsonObject): void {
    this.#records++;
    const time = textAt(document, '@timestamp') ?? '';
    if (this.#first === undefined || time < this.#first) this.#first = time;
    if (this.#last === undefined || time > this.#last) this.#last = time;
    const person = textAt(document, 'audit.actor.id');
    const isPerson = textAt(document, 'audit.actor.type') === 'user';
    if (isPerson && person !== undefined && this.#people.size < MAX_PEOPLE) this.#people.add(person);
    for (const field of listAt(document, 'audit.redacted')) {
      this.#redacted.set(field, (this.#redacted.get(field) ?? 0) + 1);
    }
    const action = textAt(document, 'event.action') ?? '';
    if (action === 'privacy.erasure.completed') this.#erasures++;
    if (action.startsWith('access.read.')) this.#addReading(document, time);
    this.#addGroups(document);
  }

  /** What was gathered. */
  build(): DataMap {
    return {
      records: this.#records,
      people: this.#people.size,
      ...(this.#first !== undefined && { first: this.#first }),
      ...(this.#last !== undefined && { last: this.#last }),
      fields: [...this.#fields.values()].toSorted(
        (a, b) => compare(a.group, b.group) || compare(a.field, b.field),
      ),
      closed: this.#closed,
      redacted: [...this.#redacted]
        .map(([field, records]) => ({ field, records }))
        .toSorted((a, b) => b.records - a.records || compare(a.field, b.field)),
      readers: [...this.#readers.values()].toSorted(
        (a, b) => b.records - a.records || compare(a.reader, b.reader),
      ),
      erasures: this.#erasures,
    };
  }

  #addGroups(document: JsonObject): void {
    const { openings, record } = closeDocument(document);
    for (const group of COMMITMENT_GROUPS) {
      const opening = openings[group];
      if (opening === undefined) {
        if (valueAt(record, `audit.commitments.${group}`) !== undefined) this.#closed[group]++;
        continue;
      }
      for (const field of fieldsOf(opening.value)) this.#addField(field, group, record);
    }
  }

  #addField(field: string, group: CommitmentGroup, record: JsonObject): void {
    const isListed = this.#fields.has(`${group} ${field}`) || this.#fields.size < MAX_FIELDS;
    const name = isListed ? field : OTHER_FIELDS;
    const key = `${group} ${name}`;
    const use = this.#fields.get(key) ?? {
      field: name,
      group,
      records: 0,
      services: [],
      rules: [],
      retention: [],
    };
    this.#fields.set(key, use);
    use.records++;
    note(use.services, textAt(record, 'service.name') ?? '(the exporter itself)');
    note(use.rules, textAt(record, 'audit.policy.rule') ?? 'default');
    note(use.retention, textAt(record, 'audit.policy.retention') ?? 'default');
  }

  #addReading(document: JsonObject, time: string): void {
    const reader = textAt(document, 'audit.access.token') ?? textAt(document, 'audit.actor.id') ?? '';
    const known = this.#readers.get(reader);
    if (known === undefined && this.#readers.size >= MAX_FIELDS) return;
    const use = known ?? {
      reader,
      role: textAt(document, 'audit.access.role') ?? '',
      requests: 0,
      records: 0,
      last: '',
    };
    this.#readers.set(reader, use);
    use.requests += numberAt(document, 'audit.access.count') ?? 0;
    use.records += numberAt(document, 'audit.access.records') ?? 0;
    if (time > use.last) use.last = time;
  }
}

/** Names of what holds a value; an attribute of the flat object is a field of its own. */
function fieldsOf(value: JsonObject, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const field = prefix + name;
    if (!isJsonObject(member)) return [field];
    if (prefix === '' && name === ATTRIBUTES) return Object.keys(member).map((key) => `${ATTRIBUTES}.${key}`);
    return fieldsOf(member, `${field}.`);
  });
}

function note(names: string[], name: string): void {
  if (!names.includes(name) && names.length < MAX_NAMES) names.push(name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
