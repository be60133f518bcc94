import { BlockList, isIP } from 'node:net';

import type { FollowedRecord } from '../followed-records.ts';
import { fieldReader, type Scalar } from './record-field.ts';
import type { Condition, FieldTest, FieldTests, Selection } from './rule.ts';

/** Whether a record fits. */
export type Predicate = (record: FollowedRecord) => boolean;

/** How a field is held against a value; without one, a text or its pattern with `*`. */
export const FIELD_MODIFIERS = [
  'cidr',
  'contains',
  'endswith',
  'exists',
  'gt',
  'gte',
  'lt',
  'lte',
  'startswith',
] as const;

type FieldModifier = (typeof FIELD_MODIFIERS)[number];

type ValueTest = (value: Scalar) => boolean;

/** Makes a predicate of each selection, and of their condition. */
export function compileCondition(
  condition: Condition,
  selections: ReadonlyMap<string, Predicate>,
): Predicate {
  switch (condition.type) {
    case 'selection':
      return selections.get(condition.name) ?? (() => false);
    case 'not': {
      const operand = compileCondition(condition.operand, selections);
      return (record) => !operand(record);
    }
    case 'and': {
      const operands = condition.operands.map((operand) => compileCondition(operand, selections));
      return (record) => operands.every((operand) => operand(record));
    }
    case 'or': {
      const operands = condition.operands.map((operand) => compileCondition(operand, selections));
      return (record) => operands.some((operand) => operand(record));
    }
  }
}

/** Makes a predicate of a selection. */
export function compileSelection(selection: Selection): Predicate {
  const groups = (isList(selection) ? selection : [selection]).map(compileTests);
  const [only] = groups;
  if (only !== undefined && groups.length === 1) return only;
  return (record) => groups.some((group) => group(record));
}

/** What is wrong with a value for a modifier; undefined if nothing is. */
export function problemOfTest(modifier: string | undefined, test: FieldTest): string | undefined {
  switch (modifier) {
    case undefined:
      return undefined;
    case 'cidr':
      return networkOfTest(test) === undefined
        ? 'must be a network such as 10.0.0.0/8 or 2001:db8::/32'
        : undefined;
    case 'exists':
      return typeof test === 'boolean' ? undefined : 'must be true or false';
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return typeof test === 'number' ? undefined : 'must be a number';
    case 'contains':
    case 'endswith':
    case 'startswith':
      return typeof test === 'string' ? undefined : 'must be a text';
    default:
      return `there is no modifier "${modifier}"; there are ${FIELD_MODIFIERS.join(', ')}`;
  }
}

function compileTests(tests: FieldTests): Predicate {
  const predicates = Object.entries(tests).map(([field, wanted]) => compileField(field, wanted));
  return (record) => {
    for (const predicate of predicates) if (!predicate(record)) return false;
    return true;
  };
}

function compileField(field: string, wanted: FieldTest | readonly FieldTest[]): Predicate {
  const [name = '', modifier] = field.split('|');
  const read = fieldReader(name);
  const values = isList(wanted) ? wanted : [wanted];
  if (modifier === 'exists') {
    const isWanted = values.includes(true);
    return (record) => read(record).length > 0 === isWanted;
  }
  const tests = values.filter((value) => value !== null).map((value) => compileTest(modifier, value));
  const mayLack = values.includes(null);
  const [only] = tests;
  if (only !== undefined && tests.length === 1 && !mayLack) {
    // Nearly all are so, and every record is held against all of them.
    return (record) => {
      const found = read(record);
      return found.length === 1 && found[0] !== undefined ? only(found[0]) : found.some(only);
    };
  }
  return (record) => {
    const found = read(record);
    return (mayLack && found.length === 0) || found.some((value) => tests.some((test) => test(value)));
  };
}

function compileTest(modifier: string | undefined, wanted: Scalar): ValueTest {
  if (!isModifier(modifier)) return compileText(wanted);
  const text = String(wanted);
  const bound = Number(wanted);
  switch (modifier) {
    case 'cidr': {
      const network = networkOfTest(wanted);
      return (value) => typeof value === 'string' && network !== undefined && isIn(network, value);
    }
    case 'contains':
      return (value) => String(value).includes(text);
    case 'endswith':
      return (value) => String(value).endsWith(text);
    case 'startswith':
      return (value) => String(value).startsWith(text);
    case 'gt':
      return (value) => numberOf(value) > bound;
    case 'gte':
      return (value) => numberOf(value) >= bound;
    case 'lt':
      return (value) => numberOf(value) < bound;
    case 'lte':
      return (value) => numberOf(value) <= bound;
    case 'exists':
      return () => true;
  }
}

function compileText(wanted: Scalar): ValueTest {
  const text = String(wanted);
  if (!text.includes('*')) return (value) => (typeof value === 'string' ? value : String(value)) === text;
  const pieces = text.split('*').map((piece) => piece.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(`^${pieces.join('.*')}$`, 's');
  return (value) => pattern.test(String(value));
}

/** The number that a value is compared as; NaN, which no comparison holds for, where it is none. */
export function numberOf(value: Scalar): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function networkOfTest(test: FieldTest): BlockList | undefined {
  const [address = '', bits = ''] = typeof test === 'string' ? test.split('/') : [];
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return list;
}

function isIn(network: BlockList, value: string): boolean {
  const family = isIP(value);
  return family !== 0 && network.check(value, family === 4 ? 'ipv4' : 'ipv6');
}

function isModifier(modifier: string | undefined): modifier is FieldModifier {
  return FIELD_MODIFIERS.some((known) => known === modifier);
}

function isList<Item>(value: Item | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value);
}
