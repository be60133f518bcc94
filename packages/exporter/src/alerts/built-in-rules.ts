import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { ExporterError } from '../errors.ts';
import type { AlertRule } from './rule.ts';
import { readRules } from './rule-file.ts';

/** The rules that come with the package, beside its code, built or not. */
const FOLDER: string = fileURLToPath(new URL('../../rules/', import.meta.url));

/** Which rules are in force. */
export interface RuleChoice {
  /** A file of rules; one with the id of a built-in rule takes its place. */
  file?: string | undefined;
  /** The same as a text, in place of a file; the name says in messages where it is from. */
  own?: { name: string; text: string } | undefined;
  /** Ids of rules that are not in force. */
  disabled: readonly string[];
}

/** The rules that come with the package. */
export function builtInRules(): AlertRule[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('.cases.yaml'))
    .sort()
    .flatMap((name) => rulesOf(FOLDER + name));
}

/**
 * The rules in force, by id.
 *
 * @throws ExporterError `config_invalid`, with everything that is wrong in its message: file, line and column
 */
export function loadRules({ file, own, disabled }: RuleChoice): AlertRule[] {
  const rules = new Map(builtInRules().map((rule) => [rule.id, rule]));
  const added = own !== undefined ? parseRules(own) : file !== undefined ? rulesOf(file) : [];
  for (const rule of added) rules.set(rule.id, rule);
  const unknown = disabled.filter((id) => !rules.has(id));
  if (unknown.length > 0) {
    throw new ExporterError('config_invalid', `alerts.disable: there is no rule ${unknown.join(', ')}`, {
      hint: `The rules are ${[...rules.keys()].join(', ')}.`,
    });
  }
  return [...rules.values()].filter(({ id }) => !disabled.includes(id));
}

function rulesOf(file: string): AlertRule[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ExporterError('config_invalid', `${file}: the rules cannot be read`, {
      cause,
      hint: 'alerts.rules_file names a file of rules that this user may read.',
    });
  }
  return parseRules({ name: file, text });
}

function parseRules({ name, text }: { name: string; text: string }): AlertRule[] {
  const read = readRules(text, name);
  if (read.ok) return read.rules;
  throw new ExporterError('config_invalid', read.problems.join('\n'), {
    hint: 'Correct the lines that are named; docs/alerts.md explains each field of a rule.',
  });
}
