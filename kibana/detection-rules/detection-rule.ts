import { SUB_TECHNIQUES, TACTICS, TECHNIQUES } from './attack.ts';
import type { Json } from '../saved-objects/saved-object.ts';

/** A line of `detection-rules.ndjson`. */
export type DetectionRule = Readonly<Record<string, Json>>;

/** How bad it is, and the score that goes with it. */
const RISK_SCORES = { low: 21, medium: 47, high: 73, critical: 99 } as const;

/** What makes a rule. */
export interface DetectionRuleSketch {
  /** Never changed: by it an import finds the rule that it replaces. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly severity: keyof typeof RISK_SCORES;
  /** KQL. */
  readonly query: string;
  /** Only from so many documents on with the same value of the field, or with so many values of another one. */
  readonly threshold?: {
    readonly field: string;
    readonly value: number;
    readonly different?: { readonly field: string; readonly value: number };
  };
  /** Only if this combination of values was not seen in the days before. */
  readonly newTerms?: { readonly fields: readonly string[]; readonly days: number };
  /** MITRE ATT&CK: a tactic, and the technique or sub-technique that serves it. */
  readonly attack?: readonly { readonly tactic: keyof typeof TACTICS; readonly technique: string }[];
  /** What may look the same and is harmless. */
  readonly falsePositives: readonly string[];
}

/** A run looks further back than the last one, for records that arrive late. */
const SCHEDULE = { from: 'now-15m', interval: '5m', to: 'now' };
const MAX_ALERTS = 100;

/** Makes a rule, switched off: whoever imports it decides. */
export function detectionRule(sketch: DetectionRuleSketch): DetectionRule {
  const { id, name, description, severity, query, attack = [], falsePositives } = sketch;
  return {
    ...SCHEDULE,
    ...kindOf(sketch),
    rule_id: `spanledger-${id}`,
    name: `[Spanledger] ${name}`,
    description,
    severity,
    risk_score: RISK_SCORES[severity],
    language: 'kuery',
    query,
    index: ['logs-spanledger.audit-*'],
    enabled: false,
    version: 1,
    max_signals: MAX_ALERTS,
    author: ['Spanledger'],
    license: 'Apache-2.0',
    tags: ['Spanledger', 'Use Case: Identity and Access Audit'],
    false_positives: falsePositives,
    references: [],
    threat: attack.map(({ tactic, technique }) => threatOf(tactic, technique)),
    exceptions_list: [],
    actions: [],
  };
}

function kindOf({ threshold, newTerms }: DetectionRuleSketch): Record<string, Json> {
  if (threshold !== undefined) {
    const { field, value, different } = threshold;
    return {
      type: 'threshold',
      threshold: { field: [field], value, cardinality: different ? [different] : [] },
    };
  }
  if (newTerms !== undefined) {
    const { fields, days } = newTerms;
    return { type: 'new_terms', new_terms_fields: fields, history_window_start: `now-${days}d` };
  }
  return { type: 'query' };
}

function threatOf(tactic: keyof typeof TACTICS, id: string): Json {
  const [technique = ''] = id.split('.');
  return {
    framework: 'MITRE ATT&CK',
    tactic: { id: tactic, name: TACTICS[tactic], reference: `https://attack.mitre.org/tactics/${tactic}/` },
    technique: [
      {
        id: technique,
        name: nameIn(TECHNIQUES, technique),
        reference: `https://attack.mitre.org/techniques/${technique}/`,
        subtechnique: id === technique ? [] : [subTechnique(id)],
      },
    ],
  };
}

function subTechnique(id: string): Json {
  const reference = `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`;
  return { id, name: nameIn(SUB_TECHNIQUES, id), reference };
}

function nameIn(names: Readonly<Record<string, string>>, id: string): string {
  const name = names[id];
  if (name === undefined) throw new TypeError(`attack.ts does not know ${id}`);
  return name;
}
