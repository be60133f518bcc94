import type { KeyObject } from 'node:crypto';
import { COMMITMENT_GROUPS, isJsonObject, type JsonObject, type RecordDraft } from '@spanledger/record';
import { changeFields } from './field-change.ts';
import { FieldPolicy } from './field-policy.ts';
import type { FieldRule } from './field-rule.ts';
import type { PersonalDataKind } from './personal-data.ts';
import { createPseudonyms, type Pseudonyms } from './pseudonyms.ts';
import { Quarantine } from './quarantine.ts';

/** What of the fields is kept, as it is configured. */
export interface MinimisationConfig {
  fields: readonly FieldRule[];
  /** Whether what looks personal is moved out of the clear. */
  quarantine: boolean;
  /** Fields in the clear that are not looked at. */
  quarantineExcept: readonly string[];
}

/** Values of one kind that were found in one field. */
export interface Quarantined {
  field: string;
  kind: PersonalDataKind;
  count: number;
}

/**
 * Takes away of a draft what shall not be stored, before anything of it is: by the rules for its fields, and out of the
 * clear what looks like a person's data. `audit.redacted` names what was changed.
 */
export class Minimiser {
  readonly #policy: FieldPolicy;
  readonly #pseudonyms: Pseudonyms;
  readonly #quarantine: Quarantine | undefined;
  readonly #found: Map<string, Quarantined> = new Map();

  /**
   * @param key - secret of the log, for pseudonyms
   * @param onFirst - told when a kind of value is found in a field for the first time
   */
  constructor(config: MinimisationConfig, key: KeyObject, onFirst: (found: Quarantined) => void) {
    this.#policy = new FieldPolicy(config.fields);
    this.#pseudonyms = createPseudonyms(key);
    if (!config.quarantine) return;
    this.#quarantine = new Quarantine(config.quarantineExcept, (field, kind) => {
      const name = `${field} ${kind}`;
      const known = this.#found.get(name);
      if (known !== undefined) {
        known.count++;
        return;
      }
      const found = { field, kind, count: 1 };
      this.#found.set(name, found);
      onFirst(found);
    });
  }

  /** What was quarantined since the start. */
  get quarantined(): readonly Quarantined[] {
    return [...this.#found.values()];
  }

  /**
   * Changes a draft in place.
   *
   * @returns whether the same holds for every draft that says the same in the clear: nothing was found there, and no rule
   *   is about what is committed
   */
  minimise(draft: RecordDraft): boolean {
    const before = this.#quarantine?.found ?? 0;
    const redacted = new Set<string>(this.#quarantine?.check(draft));
    if (!this.#policy.isEmpty) this.#applyRules(draft, redacted);
    const { audit } = draft.clear;
    if (redacted.size > 0 && isJsonObject(audit)) audit['redacted'] = [...redacted].toSorted();
    return this.#policy.isEmpty && (this.#quarantine?.found ?? 0) === before;
  }

  #applyRules(draft: RecordDraft, redacted: Set<string>): void {
    const { clear, groups } = draft;
    const rules = this.#policy.of(textAt(clear, 'service', 'name'), textAt(clear, 'http', 'route'));
    for (const group of COMMITMENT_GROUPS) {
      const [node, value] = [rules.get(group), groups[group]];
      if (node === undefined || value === undefined) continue;
      changeFields(value, node, { pseudonyms: this.#pseudonyms, onChange: (label) => redacted.add(label) });
      if (Object.keys(value).length === 0) delete groups[group];
    }
    this.#renameParties(draft);
  }

  /** A record is found again by whom its groups name: after a restart there is nothing else. */
  #renameParties({ subject, session, groups }: RecordDraft): void {
    const { identity } = groups;
    if (identity === undefined) return;
    for (const [party, paths] of [
      [subject, SUBJECT_PATHS],
      [session, SESSION_PATHS],
    ] as const) {
      if (party === undefined) continue;
      for (const path of paths) {
        const found = textAt(identity, ...path);
        if (found === this.#pseudonyms.of(path.join('.'), party.id)) party.id = found;
      }
    }
  }
}

const SUBJECT_PATHS = [
  ['user', 'id'],
  ['enduser', 'id'],
  ['enduser', 'pseudo', 'id'],
] as const;
const SESSION_PATHS = [
  ['oidc', 'session', 'id'],
  ['session', 'id'],
] as const;

function textAt(object: JsonObject, ...path: readonly string[]): string {
  let value: unknown = object;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return typeof value === 'string' ? value : '';
}
