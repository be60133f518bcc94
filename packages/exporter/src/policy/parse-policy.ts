import { hash } from 'node:crypto';
import { isNode, isPair, isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { type AuditPolicy, FALLBACK_RULE, type PolicyRule } from './audit-policy.ts';
import { MAX_POLICY_BYTES } from './limits.ts';
import type { PolicyProblem } from './policy-problem.ts';
import { type PolicyFields, policySchema, type ProtectFields, type RuleFields } from './policy-schema.ts';

/** What comes of reading a policy file. */
export type ParsedPolicy = { ok: true; policy: AuditPolicy } | { ok: false; problems: PolicyProblem[] };

/** The longest part of a file that a problem repeats, in UTF-16 code units. */
const MAX_SHOWN_LENGTH = 60;

/** What `admin-only` asks for. */
const ADMIN_ROLE = 'admin';

/** Reads a policy file. What is wrong with it is a value: every problem, in the order of the file. */
export function parsePolicy(text: string): ParsedPolicy {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    const message = `the file is larger than ${MAX_POLICY_BYTES} bytes`;
    return {
      ok: false,
      problems: [{ line: 1, column: 1, field: '', message, fix: 'write fewer or shorter rules' }],
    };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true, lineCounter: lines });
  const places = new Places(document, lines);
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos: [offset] }) => ({
      ...places.at(offset),
      field: '',
      message: (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
      fix: 'write YAML 1.2, each field once',
    }));
    return { ok: false, problems };
  }
  const parsed = policySchema.safeParse(toPlain(document));
  const problems = parsed.success
    ? crossCheck(parsed.data, places)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, places));
  if (!parsed.success || problems.length > 0) {
    return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
  }
  return { ok: true, policy: completePolicy(parsed.data, text) };
}

type Path = readonly PropertyKey[];

/** Where the parts of a file stand. */
class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** Where a value stands, or as much of the way to it as there is. */
  ofValue(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node = this.node(path.slice(0, length));
      if (node?.range) return this.at(node.range[0]);
    }
    return this.at(0);
  }

  /** Where the name of a field stands. */
  ofName(path: Path): { line: number; column: number } {
    const parent = this.node(path.slice(0, -1));
    const key = path.at(-1);
    const items = isMap(parent) ? parent.items : [];
    for (const item of items) {
      if (isPair(item) && isScalar(item.key) && item.key.value === key && item.key.range)
        return this.at(item.key.range[0]);
    }
    return this.ofValue(path);
  }

  node(path: Path): Node | undefined {
    const node: unknown = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isNode(node) ? node : undefined;
  }
}

/** Aliases that would unfold into more than a policy has are no YAML that anybody wrote by hand. */
function toPlain(document: Document): unknown {
  try {
    const plain: unknown = document.toJS({ maxAliasCount: 100 });
    return plain ?? {};
  } catch {
    return 'aliases';
  }
}

function describeIssue(issue: z.core.$ZodIssue, places: Places): PolicyProblem[] {
  const [what = '', ...fixes] = issue.message.split('; ');
  const fix = fixes.join('; ');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { ...places.ofName(path), field: fieldName(path), message: what, fix };
    });
  }
  const node = places.node(issue.path);
  const isMissing = node === undefined && issue.path.length > 0;
  const isAlone = isMissing && typeof issue.path.at(-1) === 'number';
  const shown = isScalar(isAlone ? places.node(issue.path.slice(0, -1)) : node)
    ? `${show(valueOf(places, isAlone ? issue.path.slice(0, -1) : issue.path))} `
    : '';
  const message = isMissing && !isAlone ? 'is missing' : `${shown}${what}`;
  return [{ ...places.ofValue(issue.path), field: fieldName(issue.path, isAlone), message, fix }];
}

function valueOf(places: Places, path: Path): unknown {
  const node = places.node(path);
  return isScalar(node) ? node.value : undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

/** `rules[2].match.route[0]`. A lone item that stands for a list has no number. */
function fieldName(path: Path, isAlone = false): string {
  const shown = isAlone ? path.slice(0, -1) : path;
  return shown
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

/** What only shows when the fields are held against each other. */
function crossCheck(fields: PolicyFields, places: Places): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const add = (path: Path, message: string, fix: string): void => {
    const isAlone = places.node(path) === undefined;
    problems.push({ ...places.ofValue(path), field: fieldName(path, isAlone), message, fix });
  };
  const names = new Set<string>();
  let catchAll: string | undefined;
  for (const [at, { name, match }] of (fields.rules ?? []).entries()) {
    if (names.has(name)) add(['rules', at, 'name'], `${show(name)} is the name of two rules`, 'rename one');
    names.add(name);
    if (catchAll !== undefined) {
      const message = `${show(name)} is never reached: ${show(catchAll)} above matches everything`;
      add(['rules', at], message, `move it above ${show(catchAll)}`);
    } else if (Object.values(match ?? {}).every((patterns) => patterns === undefined)) catchAll = name;
  }
  const roles = new Set(fields.roles);
  if (fields.roles !== undefined) {
    for (const [at, { role = [], 'admin-only': adminOnly }] of (fields.protect ?? []).entries()) {
      for (const [item, each] of role.entries()) {
        if (!roles.has(each))
          add(['protect', at, 'role', item], `${show(each)} is not in roles`, 'add it there, or correct it');
      }
      if (adminOnly !== undefined && !roles.has(ADMIN_ROLE))
        add(['protect', at, 'admin-only'], 'means the role admin, which is not in roles', 'add it there');
    }
  }
  const clients = new Set<string>();
  for (const [at, { client }] of (fields.clients ?? []).entries()) {
    if (clients.has(client))
      add(['clients', at, 'client'], `${show(client)} stands twice`, 'put its scopes into one entry');
    clients.add(client);
  }
  return problems;
}

function completePolicy(fields: PolicyFields, text: string): AuditPolicy {
  const { roles = [], rules = [], protect = [], clients = [] } = fields;
  return {
    sha256: hash('sha256', text, 'hex'),
    text,
    rules: rules.map((rule) => completeRule(rule)),
    fallback: completeRule({ level: 'full', ...fields.default, name: FALLBACK_RULE }),
    protectedRoutes: protect.map((route, at) => completeProtection(route, `protect[${at}]`, roles)),
    clients: clients.map(({ client, scope }) => ({ client, scopes: scope })),
  };
}

function completeRule({
  name,
  match = {},
  level,
  attributes = [],
  retention,
  severity,
}: RuleFields): PolicyRule {
  return { name, match, level, attributes, retention, severity };
}

/** A role that the file orders admits those above it. */
function completeProtection(
  fields: ProtectFields,
  field: string,
  order: readonly string[],
): AuditPolicy['protectedRoutes'][number] {
  const adminOnly = fields['admin-only'];
  const asked = adminOnly === undefined ? fields.role : [ADMIN_ROLE];
  const lowest = Math.min(...(asked ?? []).map((role) => order.indexOf(role)).filter((at) => at >= 0));
  return {
    field,
    route: adminOnly ?? fields.route ?? [],
    method: fields.method,
    service: fields.service,
    roles: asked && [...new Set([...asked, ...(Number.isFinite(lowest) ? order.slice(lowest) : [])])],
    scopes: fields.scope,
  };
}
