import { isJsonObject } from '@spanledger/record';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

import { anyOf, readCondition } from './condition.ts';
import type { AlertRule, Baseline, Detection, Selection } from './rule.ts';
import { type DetectionFields, type RuleFields, ruleSchema } from './rule-schema.ts';
import { problemOfTest } from './selection.ts';

/** The most rules of one file. */
const MAX_RULES = 500;

const DEFAULT_SUPPRESS_MS = 3_600_000;
const DEFAULT_SAMPLES = 30;

/** Where in a file something is, member by member. */
type Path = readonly (string | number)[];

/** What is wrong, and where. */
interface Flaw {
  path: Path;
  message: string;
}

/** The rules of a file, or everything that is wrong with it. */
export type ReadRules =
  | { ok: true; rules: AlertRule[] }
  /** Each one names the file, the line and the column. */
  | { ok: false; problems: string[] };

/**
 * Reads rules: a file is one rule, or a list of them under `rules`. Everything that is wrong is told at once.
 *
 * @param file - what the file is called in what is told
 */
export function readRules(text: string, file: string): ReadRules {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true, lineCounter: lines });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map(({ pos: [from], message }) => {
        const { line, col } = lines.linePos(from);
        return `${file}:${line}:${col}: ${message.split(' at line ')[0] ?? message}`;
      }),
    };
  }
  const { rules, flaws } = readAll(document.toJS({ maxAliasCount: 100 }));
  if (flaws.length === 0) return { ok: true, rules };
  return {
    ok: false,
    problems: flaws.map(({ path, message }) => {
      const { line, col } = lines.linePos(offsetOf(document, path));
      return `${file}:${line}:${col}: ${path.length === 0 ? 'the file' : nameOf(path)}: ${message}`;
    }),
  };
}

function readAll(value: unknown): { rules: AlertRule[]; flaws: Flaw[] } {
  if (!isJsonObject(value)) {
    return { rules: [], flaws: [{ path: [], message: 'must be a rule, or a list of rules under "rules"' }] };
  }
  const isList = 'rules' in value;
  const list = isList ? value['rules'] : [value];
  if (!Array.isArray(list))
    return { rules: [], flaws: [{ path: ['rules'], message: 'must be a list of rules' }] };
  const rules: AlertRule[] = [];
  const flaws: Flaw[] = Object.keys(value)
    .filter((name) => isList && name !== 'rules')
    .map((name) => ({ path: [name], message: 'there is no such field beside "rules"' }));
  if (list.length > MAX_RULES) flaws.push({ path: ['rules'], message: `must be at most ${MAX_RULES}` });
  for (const [i, item] of list.slice(0, MAX_RULES).entries()) {
    const path: Path = isList ? ['rules', i] : [];
    const parsed = ruleSchema.safeParse(item);
    if (!parsed.success) {
      flaws.push(...flawsOf(parsed.error.issues, path));
      continue;
    }
    const found: Flaw[] = [];
    const rule = makeRule(parsed.data, (at, message) => found.push({ path: [...path, ...at], message }));
    if (rules.some(({ id }) => id === rule.id)) {
      found.push({ path: [...path, 'id'], message: `there is another rule ${rule.id} in this file` });
    }
    flaws.push(...found);
    rules.push(rule);
  }
  return { rules, flaws };
}

function makeRule(fields: RuleFields, flaw: (path: Path, message: string) => void): AlertRule {
  const names = Object.keys(fields.select);
  const selections = new Map<string, Selection>(Object.entries(fields.select));
  for (const [name, selection] of Object.entries(fields.select))
    checkSelection(selection, ['select', name], flaw);
  const detection = makeDetection(fields.alert_if);
  checkDetection(detection, names, fields, flaw);
  const { resolve_if: resolve } = fields;
  const by = resolve?.each ?? resolve?.all;
  checkResolution(resolve, names, detection, flaw);
  let condition = anyOf(names);
  if (fields.when === undefined) {
    if (names.length > 1 && detection.type !== 'sequence') {
      flaw([], 'needs "when": it says how the selections belong together, e.g. when: one and not other');
    }
  } else {
    const read = readCondition(fields.when, names);
    if (read.ok) condition = read.condition;
    else flaw(['when'], read.problem);
  }
  const windowMs = fields.window ?? 0;
  return {
    id: fields.id,
    name: fields.name,
    description: fields.description?.trim() ?? '',
    version: String(fields.version),
    severity: fields.severity,
    severityField: fields.severity_field,
    threat: fields.threat,
    selections,
    condition,
    groupBy: fields.group_by,
    windowMs,
    suppressMs: fields.suppress ?? Math.max(DEFAULT_SUPPRESS_MS, windowMs),
    detection,
    resolution: by === undefined ? undefined : { by, isOfEach: resolve?.each !== undefined },
  };
}

function checkSelection(
  selection: RuleFields['select'][string],
  path: Path,
  flaw: (path: Path, message: string) => void,
): void {
  const isList = Array.isArray(selection);
  for (const [i, tests] of (isList ? selection : [selection]).entries()) {
    for (const [field, wanted] of Object.entries(tests)) {
      const at = [...path, ...(isList ? [i] : []), field];
      const [, modifier] = field.split('|');
      const problems = (Array.isArray(wanted) ? wanted : [wanted]).flatMap(
        (value) => problemOfTest(modifier, value) ?? [],
      );
      const [problem] = problems;
      if (problem !== undefined) flaw(at, problem);
    }
  }
}

function checkDetection(
  detection: Detection,
  names: readonly string[],
  { window, when }: RuleFields,
  flaw: (path: Path, message: string) => void,
): void {
  const { type } = detection;
  const needsWindow = ['absence', 'changes', 'distinct', 'outliers', 'sequence', 'sum'].includes(type);
  const isSeveral = type === 'count' && detection.atLeast > 1;
  if (window === undefined && (needsWindow || isSeveral)) {
    flaw(['alert_if', type], 'needs "window": within what time, e.g. window: 10m');
  }
  const used = type === 'sequence' ? detection.steps : type === 'absence' ? [detection.of] : [];
  for (const name of used) {
    if (!names.includes(name)) {
      flaw(['alert_if', type], `names "${name}", but the selections are ${names.join(', ')}`);
    }
  }
  if (type === 'sequence' && when !== undefined) flaw(['when'], 'does not go with a sequence of selections');
}

function checkResolution(
  resolve: RuleFields['resolve_if'],
  names: readonly string[],
  detection: Detection,
  flaw: (path: Path, message: string) => void,
): void {
  if (resolve === undefined) return;
  for (const [part, name] of Object.entries(resolve)) {
    if (name !== undefined && !names.includes(name))
      flaw(['resolve_if', part], `names "${name}", but the selections are ${names.join(', ')}`);
  }
  if (detection.type !== 'count' || detection.atLeast > 1)
    flaw(['resolve_if'], 'goes only with alert_if: { count: 1 }, whose alerts rest on one record each');
}

function makeDetection(fields: DetectionFields): Detection {
  const { count, sum, distinct, changes, sequence, absence, first, rate, outliers } = fields;
  if (count !== undefined) return { type: 'count', atLeast: count };
  if (sum !== undefined) {
    return { type: 'sum', field: sum.field, atLeast: sum.at_least, orCount: sum.or_count ?? Infinity };
  }
  if (distinct !== undefined) return { type: 'distinct', field: distinct.field, atLeast: distinct.at_least };
  if (changes !== undefined) return { type: 'changes', field: changes.field, atLeast: changes.at_least };
  if (sequence !== undefined) return { type: 'sequence', steps: sequence };
  if (absence !== undefined) return { type: 'absence', of: absence };
  if (first !== undefined) return { type: 'first', learningMs: first.learning };
  if (rate !== undefined) return { type: 'rate', perMs: rate.per, baseline: makeBaseline(rate) };
  if (outliers !== undefined) {
    const { field, count: least } = outliers;
    return { type: 'outliers', field, count: least, baseline: makeBaseline(outliers) };
  }
  return { type: 'return', afterMs: fields.return?.after ?? 0 };
}

function makeBaseline(fields: NonNullable<DetectionFields['rate'] | DetectionFields['outliers']>): Baseline {
  return {
    among: fields.among ?? [],
    deviations: fields.deviations,
    atLeast: fields.at_least,
    samples: fields.samples ?? DEFAULT_SAMPLES,
  };
}

function flawsOf(issues: readonly z.core.$ZodIssue[], path: Path): Flaw[] {
  return issues.flatMap((issue) => {
    const at = [...path, ...issue.path.filter((name) => typeof name !== 'symbol')];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...at, key],
        message: 'there is no such field; check the spelling',
      }));
    }
    const isMissing = issue.code === 'invalid_type' && issue.message.startsWith('Invalid input');
    return [
      { path: at, message: isMissing ? 'is missing, or is something else than it should be' : issue.message },
    ];
  });
}

/** The offset of a member, or of what would hold it. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const offset = offsetIn(parent, path[length - 1]);
    if (offset !== undefined) return offset;
  }
  return 0;
}

/** Of a mapping the key, of a list the item. */
function offsetIn(parent: unknown, name: string | number | undefined): number | undefined {
  if (typeof parent !== 'object' || parent === null || !('items' in parent) || !Array.isArray(parent.items)) {
    return undefined;
  }
  const items: unknown[] = parent.items;
  if (typeof name === 'number') return rangeStart(items[name]);
  for (const pair of items) {
    if (typeof pair !== 'object' || pair === null || !('key' in pair)) continue;
    const { key } = pair;
    if (typeof key === 'object' && key !== null && 'value' in key && key.value === name)
      return rangeStart(key);
  }
  return undefined;
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) {
    return undefined;
  }
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : undefined;
}

function nameOf(path: Path): string {
  return path.reduce<string>(
    (name, member) =>
      typeof member === 'number' ? `${name}[${member}]` : name === '' ? member : `${name}.${member}`,
    '',
  );
}
