import { generateSigner, type NoteSigner } from '@spanledger/ledger';
import {
  parseVerificationKey,
  readKeyHistory,
  type KeyHistory,
  type NoteVerificationKey,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyStatement, type Wanted } from '../../support/ledger/key-changes.ts';

const ORIGIN = 'example.com/log';
const A: NoteSigner = generateSigner(ORIGIN);
const B: NoteSigner = generateSigner(ORIGIN);
const C: NoteSigner = generateSigner(ORIGIN);
const STRANGER: NoteSigner = generateSigner(ORIGIN);

/** A to B at 10, A retired at 20; B to C at 30, B revoked at 25. */
const STATEMENTS = chain([
  { key: B, from: 10, replaces: A },
  { key: B, from: 10, replaces: A, replaced: 'retired 20' },
  { key: C, from: 30, replaces: B },
  { key: C, from: 30, replaces: B, replaced: 'revoked 25' },
]);

function chain(changes: readonly Omit<Wanted, 'number' | 'previous'>[]): string[] {
  const notes: string[] = [];
  for (const change of changes) {
    const previous = notes.at(-1);
    notes.push(
      keyStatement({ number: notes.length + 1, ...(previous !== undefined && { previous }), ...change }),
    );
  }
  return notes;
}

function keyOf(signer: NoteSigner): NoteVerificationKey {
  const key = parseVerificationKey(signer.vkey);
  if (!key.ok) throw new TypeError(key.detail);
  return key.value;
}

function spans({ keys }: KeyHistory): string[] {
  return keys.keys.map(({ vkey, state, from, until }) => `${nameOf(vkey)} ${state} ${from}-${until ?? ''}`);
}

function nameOf(vkey: string): string {
  return { [A.vkey]: 'A', [B.vkey]: 'B', [C.vkey]: 'C' }[vkey] ?? 'stranger';
}

function problemsOf(notes: readonly string[], trusted: NoteSigner = A): string[] {
  const { problems } = readKeyHistory(notes.join(''), keyOf(trusted));
  return problems.map(({ code, statement }) => `${code} ${statement ?? '-'}`);
}

describe('key statements', () => {
  test('lead from any key to all others, in both directions', () => {
    for (const trusted of [A, B, C]) {
      const history = readKeyHistory(STATEMENTS.join(''), keyOf(trusted));
      expect(history.problems).toEqual([]);
      expect(spans(history)).toEqual(['A retired 0-20', 'B revoked 10-25', 'C active 30-']);
    }
  });

  test('of a log that made none leave the trusted key alone', () => {
    for (const text of [undefined, '']) {
      const history = readKeyHistory(text, keyOf(A));
      expect(history).toMatchObject({ problems: [], statements: [] });
      expect(spans(history)).toEqual(['A active 0-']);
    }
  });

  test('a key that was retired can be revoked later, from an earlier size on', () => {
    const notes = chain([
      { key: B, from: 10, replaces: A },
      { key: B, from: 10, replaces: A, replaced: 'retired 20' },
      { key: B, from: 10, replaces: A, replaced: 'revoked 5' },
    ]);
    expect(spans(readKeyHistory(notes.join(''), keyOf(B)))).toEqual(['A revoked 0-5', 'B active 10-']);
  });

  test('say nothing to who trusts a key that is not among them', () => {
    const history = readKeyHistory(STATEMENTS.join(''), keyOf(STRANGER));
    expect(history.problems.map(({ code }) => code)).toEqual(['vkey_unknown']);
    expect(spans(history)).toEqual(['stranger active 0-']);
  });
});

describe('an attack on key statements', () => {
  const first = STATEMENTS[0] ?? '';

  test('the new key is brought without the signature of the old one', () => {
    const forged = keyStatement({ number: 1, key: STRANGER, from: 10, replaces: A, signers: [STRANGER] });
    expect(problemsOf([forged])).toEqual(['key_statement_forged 1']);
  });

  test('a key is claimed that did not sign', () => {
    const forged = keyStatement({ number: 1, key: B, from: 10, replaces: A, signers: [A] });
    expect(problemsOf([forged])).toEqual(['key_statement_forged 1']);
  });

  test('a signature is moved from one statement to another', () => {
    const other = keyStatement({ number: 1, key: B, from: 11, replaces: A });
    const forged = first.slice(0, first.indexOf('\n\n')) + other.slice(other.indexOf('\n\n'));
    expect(problemsOf([forged])).toEqual(['key_statement_forged 1']);
  });

  test('a statement is replayed from another log', () => {
    const [X, Y] = [generateSigner('example.com/other'), generateSigner('example.com/other')];
    const foreign = keyStatement({ number: 1, key: Y, from: 10, replaces: X });
    expect(problemsOf([foreign])).toEqual(['key_statement_foreign 1']);
    const mixed = keyStatement({ number: 1, origin: 'example.com/other', key: B, from: 10, replaces: A });
    expect(problemsOf([mixed])).toEqual(['key_statement_foreign 1']);
  });

  test('statements are put into another order', () => {
    const [one = '', two = '', three = '', four = ''] = STATEMENTS;
    expect(problemsOf([two, one, three, four])).toEqual(['key_statement_misplaced 1']);
    expect(problemsOf([one, three, two, four])).toEqual(['key_statement_misplaced 2']);
    expect(problemsOf([one, two, four, three])).toEqual(['key_statement_misplaced 3']);
  });

  test('a statement is repeated', () => {
    expect(problemsOf([first, ...STATEMENTS])).toEqual(['key_statement_misplaced 2']);
  });

  test('a statement is cut out', () => {
    expect(problemsOf(STATEMENTS.toSpliced(0, 1))).toEqual(['key_statement_misplaced 1']);
    expect(problemsOf(STATEMENTS.toSpliced(1, 1))).toEqual(['key_statement_misplaced 2']);
  });

  test('the end is cut off: who trusts the newest key notices', () => {
    expect(problemsOf(STATEMENTS.slice(0, 2), C)).toEqual(['vkey_unknown -']);
  });

  test('a statement is cut in two', () => {
    const text = STATEMENTS.join('');
    expect(problemsOf([text.slice(0, -10)])).toEqual(['key_statement_forged 4']);
    expect(problemsOf([text.slice(0, text.lastIndexOf('replaced'))])).toEqual(['keys_malformed 4']);
  });

  test('a statement is exchanged for one of the same number', () => {
    const [, two = ''] = STATEMENTS;
    const other = keyStatement({ number: 1, key: B, from: 0, replaces: A });
    expect(problemsOf([other, two])).toEqual(['key_statement_misplaced 2']);
  });

  test('something else stands among them', () => {
    const checkpoint = A.signNote(`${ORIGIN}\n3\n${Buffer.alloc(32).toString('base64')}\n`);
    expect(problemsOf([first, checkpoint])).toEqual(['keys_malformed 2']);
    const spelled = keyStatement({ number: 1, key: B, from: 10, replaces: A, replaced: 'retired 020' });
    expect(problemsOf([spelled])).toEqual(['keys_malformed 1']);
  });

  const contradictions: [string, Omit<Wanted, 'number'>[]][] = [
    [
      'a key is replaced that the log never had',
      [
        { key: B, from: 1, replaces: A },
        { key: C, from: 2, replaces: STRANGER },
      ],
    ],
    [
      'a key is replaced twice',
      [
        { key: B, from: 1, replaces: A },
        { key: C, from: 2, replaces: A },
      ],
    ],
    [
      'a third key comes while two are active',
      [
        { key: B, from: 1, replaces: A },
        { key: C, from: 2, replaces: B },
      ],
    ],
    ['a key replaces itself', [{ key: A, from: 1, replaces: A, replaced: 'retired 2' }]],
    [
      'a key begins again later',
      [
        { key: B, from: 1, replaces: A },
        { key: B, from: 3, replaces: A, replaced: 'retired 4' },
      ],
    ],
    [
      'nothing is stated',
      [
        { key: B, from: 1, replaces: A },
        { key: B, from: 1, replaces: A },
      ],
    ],
    ['a retired key leaves a gap', [{ key: B, from: 10, replaces: A, replaced: 'retired 9' }]],
    [
      'a revoked key comes back',
      [
        { key: B, from: 10, replaces: A, replaced: 'revoked 5' },
        { key: B, from: 10, replaces: A, replaced: 'revoked 50' },
      ],
    ],
    [
      'a revoked key is only retired',
      [
        { key: B, from: 10, replaces: A, replaced: 'revoked 20' },
        { key: B, from: 10, replaces: A, replaced: 'retired 15' },
      ],
    ],
  ];
  test.each(contradictions)('%s', (_what, changes) => {
    expect(problemsOf(chain(changes))).toEqual([`key_statement_contradictory ${changes.length}`]);
  });

  test('what comes before the first problem still counts', () => {
    const history = readKeyHistory([...STATEMENTS.slice(0, 2), 'garbage'].join(''), keyOf(A));
    expect(spans(history)).toEqual(['A retired 0-20', 'B active 10-']);
  });
});

describe('any change of a byte', () => {
  test('is noticed by who trusts the first or the newest key', () => {
    const text = STATEMENTS.join('');
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.integer({ min: 1, max: 127 }),
        fc.constantFrom(A, C),
        (at, by, trusted) => {
          const unit = text.charCodeAt(at) ^ by;
          fc.pre(text.charCodeAt(at) < 128);
          const changed = text.slice(0, at) + String.fromCharCode(unit) + text.slice(at + 1);
          expect(problemsOf([changed], trusted)).not.toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('any choice and order of statements is noticed, but for a beginning of them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 6 }), (order) => {
        const isBeginning = order.every((at, i) => at === i);
        const problems = problemsOf(order.map((at) => STATEMENTS[at] ?? ''));
        expect(problems.length === 0).toBe(isBeginning);
      }),
      { numRuns: 300 },
    );
  });
});
