import type { Condition } from './rule.ts';

const TOKEN = /\s*(?:([A-Za-z0-9_*-]+)|([()]))/y;

/** Deeper parentheses are nobody's intent. */
const MAX_DEPTH = 16;

/** What was read of a condition, or what is wrong with it. */
export type ReadCondition = { ok: true; condition: Condition } | { ok: false; problem: string };

/**
 * Reads a condition: names of selections with `and`, `or`, `not` and parentheses, and `1 of` or `all of` with a name that
 * ends in `*`, or `them`.
 *
 * @param names - the selections of the rule
 */
export function readCondition(text: string, names: readonly string[]): ReadCondition {
  try {
    return { ok: true, condition: new Reader(tokens(text), names).read() };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Joins the names of selections: any of them. */
export function anyOf(names: readonly string[]): Condition {
  const operands = names.map((name) => ({ type: 'selection' as const, name }));
  const [only] = operands;
  return only !== undefined && operands.length === 1 ? only : { type: 'or', operands };
}

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`cannot be read from "${text.slice(at).trim()}" on`);
    found.push(match[1] ?? match[2] ?? '');
  }
  return found;
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #names: readonly string[];
  #next = 0;
  #depth = 0;

  constructor(found: readonly string[], names: readonly string[]) {
    this.#tokens = found;
    this.#names = names;
  }

  read(): Condition {
    const condition = this.#alternatives();
    const rest = this.#tokens[this.#next];
    if (rest !== undefined) throw new SyntaxError(`has "${rest}" where and, or or nothing could stand`);
    return condition;
  }

  #alternatives(): Condition {
    const operands = [this.#conjunction()];
    while (this.#take('or')) operands.push(this.#conjunction());
    return joined('or', operands);
  }

  #conjunction(): Condition {
    const operands = [this.#negation()];
    while (this.#take('and')) operands.push(this.#negation());
    return joined('and', operands);
  }

  #negation(): Condition {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError('is nested too deeply');
    const condition: Condition = this.#take('not')
      ? { type: 'not', operand: this.#negation() }
      : this.#operand();
    this.#depth--;
    return condition;
  }

  #operand(): Condition {
    if (this.#take('(')) {
      const inner = this.#alternatives();
      if (!this.#take(')')) throw new SyntaxError('lacks a closing parenthesis');
      return inner;
    }
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new SyntaxError('ends where the name of a selection is missing');
    this.#next++;
    if ((token === '1' || token === 'all') && this.#take('of')) return this.#several(token);
    if (this.#names.includes(token)) return { type: 'selection', name: token };
    throw new SyntaxError(`names "${token}", but the selections are ${this.#names.join(', ')}`);
  }

  #several(quantifier: '1' | 'all'): Condition {
    const pattern = this.#tokens[this.#next++] ?? '';
    const prefix = pattern === 'them' ? '' : pattern.replace(/\*$/, '');
    const matching = this.#names.filter((name) => name.startsWith(prefix));
    if (matching.length === 0 || (pattern !== 'them' && !pattern.endsWith('*'))) {
      throw new SyntaxError(`needs "them" or the beginning of selections and "*" after "${quantifier} of"`);
    }
    const operands = matching.map((name) => ({ type: 'selection' as const, name }));
    return joined(quantifier === '1' ? 'or' : 'and', operands);
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next++;
    return true;
  }
}

function joined(type: 'and' | 'or', operands: readonly Condition[]): Condition {
  const [only] = operands;
  return only !== undefined && operands.length === 1 ? only : { type, operands };
}
