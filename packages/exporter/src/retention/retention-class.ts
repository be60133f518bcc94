import { hash } from 'node:crypto';
import type { AuditRecord, JsonObject } from '@spanledger/record';

/** The class of records that belong to no other. */
export const DEFAULT_CLASS = 'default';

/** The most classes, the default one among them: each record's takes a byte. */
export const MAX_CLASSES = 64;

/** Which records belong to a class, by what stands in their clear bytes; all of the members that are given must fit. */
export interface RetentionMatch {
  /** `audit.policy.rule`. */
  readonly policyRule?: readonly string[];
  /** `event.category`: one of them. */
  readonly category?: readonly string[];
  /** `event.outcome`. */
  readonly outcome?: readonly string[];
  /** `event.kind`. */
  readonly kind?: readonly string[];
  /** `event.action`; `*` stands for any characters. */
  readonly action?: readonly string[];
  /** `service.name`. */
  readonly service?: readonly string[];
}

/** Records that are kept equally long. */
export interface RetentionClass {
  readonly name: string;
  /** Milliseconds from when a record was recorded; Infinity: for ever. */
  readonly keepMs: number;
  /** Undefined: only records whose `audit.policy.retention` names the class. */
  readonly match?: RetentionMatch;
}

/** How long records are kept. */
export interface RetentionConfig {
  /** In the order in which they are tried; the last one is {@link DEFAULT_CLASS}. */
  readonly classes: readonly RetentionClass[];
  /** How long nothing is purged by itself after any of this has changed, in milliseconds. */
  readonly graceMs: number;
}

/** Tells the classes of one configuration from those of another, whatever else it says. */
export function digestOfClasses({ classes }: Pick<RetentionConfig, 'classes'>): string {
  const text = classes.map(({ name, keepMs, match }) => [name, String(keepMs), match ?? null]);
  return hash('sha256', JSON.stringify(text), 'hex');
}

/** Tells the class of a record: a function of its clear bytes and the configuration alone. */
export class Classifier {
  readonly #classes: readonly RetentionClass[];
  readonly #byName: ReadonlyMap<string, number>;
  readonly #fits: readonly ((record: AuditRecord & JsonObject) => boolean)[];

  constructor({ classes }: Pick<RetentionConfig, 'classes'>) {
    this.#classes = classes;
    this.#byName = new Map(classes.map(({ name }, at) => [name, at]));
    this.#fits = classes.map(({ match }, at) =>
      match === undefined ? () => at === classes.length - 1 : compile(match),
    );
  }

  /**
   * @returns the place of its class in the configuration: that which the audit policy named; else the first that it
   *   fits. Undefined where the policy named one that there is not: nobody knows how long it may be kept
   */
  classOf(record: AuditRecord & JsonObject): number | undefined {
    const named = record.audit.policy?.retention;
    if (named !== undefined) return this.#byName.get(named);
    const at = this.#fits.findIndex((fits) => fits(record));
    return at === -1 ? this.#classes.length - 1 : at;
  }
}

function compile(match: RetentionMatch): (record: AuditRecord & JsonObject) => boolean {
  const { policyRule, category, outcome, kind, action, service } = match;
  const actions = action?.map(patternOf);
  const tests: ((record: AuditRecord & JsonObject) => boolean)[] = [];
  if (policyRule !== undefined) tests.push(({ audit }) => includes(policyRule, audit.policy?.rule));
  if (category !== undefined) {
    tests.push(({ event }) => event.category.some((one: string) => category.includes(one)));
  }
  if (outcome !== undefined) tests.push(({ event }) => includes(outcome, event.outcome));
  if (kind !== undefined) tests.push(({ event }) => includes(kind, event.kind));
  if (actions !== undefined) tests.push(({ event }) => actions.some((one) => one.test(event.action)));
  if (service !== undefined) tests.push((record) => includes(service, serviceNameOf(record)));
  return (record) => tests.every((fits) => fits(record));
}

function includes(list: readonly string[], value: string | undefined): boolean {
  return value !== undefined && list.includes(value);
}

function serviceNameOf({ service }: AuditRecord & JsonObject): string | undefined {
  const name = service?.['name'];
  return typeof name === 'string' ? name : undefined;
}

function patternOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
