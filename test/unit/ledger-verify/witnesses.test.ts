import { generateCosigner } from '@spanledger/ledger';
import {
  formatReport,
  formatVerificationKey,
  parseVerificationKey,
  type VerificationReport,
} from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import {
  addHistory,
  copyLog,
  edit,
  publish,
  rootOf,
  signCheckpoint,
  VKEY,
  type MemoryLog,
} from './support/memory-log.ts';
import { ENTRIES, findings, LOG, SIZE, verify } from './support/tampering.ts';
import { cosign, cosignCheckpoint, SIGNED_AT_S, WITNESS_VKEYS, WITNESSES } from './support/witnesses.ts';

const [A, B, C] = WITNESSES;

/** A copy of the log whose checkpoint some witnesses signed. */
function cosigned(witnesses: readonly (typeof A)[], log: MemoryLog = LOG): MemoryLog {
  const copy = copyLog(log);
  if (witnesses.length > 0) cosignCheckpoint(copy, witnesses);
  return copy;
}

/** A log that holds a history at these sizes, each signed by the witnesses named for it. */
function withHistory(...history: [size: number, witnesses: readonly (typeof A)[]][]): MemoryLog {
  const [last = SIZE, witnesses = []] = history.at(-1) ?? [];
  const log = publish(ENTRIES.slice(0, last));
  addHistory(
    log,
    ENTRIES,
    history.map(([size]) => size),
    100,
  );
  const name = String(history[0]?.[0]).padStart(20, '0');
  const notes = history.map(([size, signers]) => {
    const note = signCheckpoint({ size, root: rootOf(ENTRIES.slice(0, size)) });
    return signers.length === 0 ? note : cosign(note, signers, SIGNED_AT_S - SIZE + size);
  });
  log.files.set(`checkpoints/${name}`, Buffer.from(notes.join('')));
  if (witnesses.length > 0) cosignCheckpoint(log, witnesses);
  return log;
}

function assurance({ assurance: { level, signed, of, size, cannotExclude } }: VerificationReport): object {
  expect(cannotExclude.length).toBeGreaterThan(0);
  return { level, signed, of, size };
}

describe('the assurance', () => {
  test.each([
    [[A, B, C], 3],
    [[A, C], 2],
  ])('of a checkpoint that enough signed is witnessed', async (signers, signed) => {
    const report = await verify(cosigned(signers), { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual([]);
    expect(assurance(report)).toEqual({ level: 'witnessed', signed, of: 3, size: SIZE });
    expect(report.assurance.witnesses).toContainEqual({ name: A.name, size: SIZE, timeS: SIGNED_AT_S });
    expect(formatReport(report)).toContain(`Assurance: witnessed ${signed}/3, the first ${SIZE} entries`);
    expect(formatReport(report)).toContain(`Witness:     ${A.name} signed size 600 at 2026-11-21T22:00:00Z`);
  });

  test('says how many witnesses would have to be dishonest', async () => {
    const of = async (signers: readonly (typeof A)[], quorum: number): Promise<string> =>
      (await verify(cosigned(signers), { witnesses: WITNESS_VKEYS, quorum })).assurance.cannotExclude.join(
        ' ',
      );
    expect(await of([A, B, C], 3)).toContain('At least 3 of these 3 witnesses');
    expect(await of([A, B], 2)).toContain('At least 1 of these 3 witnesses');
    expect(await of([A], 1)).toContain('1 of 3 is no majority');
    const two = await verify(cosigned([A]), { witnesses: WITNESS_VKEYS.slice(0, 2), quorum: 1 });
    expect(two.assurance.cannotExclude.join(' ')).toContain('1 of 2 is no majority');
    expect(await of([A], 1)).toContain('after 2026-11-21T22:00:00Z were cut off');
  });

  test('of a log whose witnesses nobody named is unanchored', async () => {
    const report = await verify(cosigned([A, B, C]));
    expect(findings(report)).toEqual([]);
    expect(assurance(report)).toEqual({ level: 'unanchored' });
  });

  test('reaches as far as enough of them signed', async () => {
    const log = withHistory([256, [A, B]], [500, [A, B]], [550, [C]], [SIZE, [C]]);
    const report = await verify(log, { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual(['quorum_missing checkpoint']);
    expect(assurance(report)).toEqual({ level: 'witnessed', signed: 3, of: 3, size: 500 });
    expect(report.assurance.cannotExclude[0]).toContain('from 500 on');
    const lenient = await verify(log, { witnesses: WITNESS_VKEYS, quorum: 1 });
    expect(findings(lenient)).toEqual([]);
    expect(assurance(lenient)).toEqual({ level: 'witnessed', signed: 1, of: 3, size: SIZE });
  });

  test('of an empty log can be witnessed too; one that was only seen empty is not', async () => {
    const empty = await verify(cosigned([A, B], publish([])), { witnesses: WITNESS_VKEYS });
    expect(findings(empty)).toEqual([]);
    expect(assurance(empty)).toEqual({ level: 'witnessed', signed: 2, of: 3, size: 0 });
    const grown = withHistory([0, [A, B]], [SIZE, []]);
    const report = await verify(grown, { witnesses: WITNESS_VKEYS, quorum: 0 });
    expect(assurance(report)).toEqual({ level: 'unanchored', signed: 0, of: 3 });
  });

  test('of a log without a checkpoint is unanchored', async () => {
    const log = copyLog(LOG);
    log.files.delete('checkpoint');
    const report = await verify(log, { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual(['checkpoint_missing checkpoint']);
    expect(assurance(report)).toEqual({ level: 'unanchored', signed: 0, of: 3 });
  });

  test('with a quorum of none only states who signed', async () => {
    const nobody = await verify(cosigned([]), { witnesses: WITNESS_VKEYS, quorum: 0 });
    expect(findings(nobody)).toEqual([]);
    expect(assurance(nobody)).toEqual({ level: 'unanchored', signed: 0, of: 3 });
  });
});

describe('what witnesses did not sign', () => {
  test('is no quorum', async () => {
    for (const signers of [[], [A]]) {
      const report = await verify(cosigned(signers), { witnesses: WITNESS_VKEYS });
      expect(findings(report)).toEqual(['quorum_missing checkpoint']);
      expect(assurance(report)).toEqual({ level: 'unanchored', signed: signers.length, of: 3 });
    }
  });

  test('is found where the log was rewritten and signed anew with its key', async () => {
    const rewritten = publish(ENTRIES.slice(0, 300));
    const report = await verify(rewritten, { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual(['quorum_missing checkpoint']);
  });

  test('does not count, though it bears their names', async () => {
    const imposters = WITNESSES.map(({ name }) => generateCosigner(name));
    const report = await verify(cosigned(imposters), { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual(['quorum_missing checkpoint']);
  });

  test('does not count twice', async () => {
    const report = await verify(cosigned([A, A, A]), { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual(['quorum_missing checkpoint']);
  });
});

describe('a line that names a known witness and is not its own', () => {
  test('fails, however many others signed', async () => {
    const log = cosigned([A, B, C]);
    edit(log, 'checkpoint', (bytes) => {
      const other = cosign(signCheckpoint({ size: 3, root: rootOf(ENTRIES.slice(0, 3)) }), [A]);
      const lines = Buffer.from(bytes).toString().split('\n');
      const foreign = other.split('\n').findLast((line) => line.includes(A.name)) ?? '';
      return Buffer.from(lines.map((line) => (line.includes(A.name) ? foreign : line)).join('\n'));
    });
    const report = await verify(log, { witnesses: WITNESS_VKEYS });
    expect(findings(report)).toEqual(['cosignature_invalid checkpoint']);
    expect(assurance(report)).toMatchObject({ level: 'witnessed', signed: 2 });
  });

  test('is found in the history too', async () => {
    const log = withHistory([256, [A]], [SIZE, []]);
    edit(log, `checkpoints/${String(256).padStart(20, '0')}`, (bytes) => {
      const other = cosign(signCheckpoint({ size: 3, root: rootOf(ENTRIES.slice(0, 3)) }), [A]);
      const foreign = other.split('\n').findLast((line) => line.includes(A.name)) ?? '';
      const text = Buffer.from(bytes).toString();
      return Buffer.from(text.replace(/^.*witness\.example.*$/m, foreign));
    });
    const report = await verify(log, { witnesses: WITNESS_VKEYS, quorum: 0 });
    expect(findings(report)).toEqual([`cosignature_invalid checkpoints/${String(256).padStart(20, '0')}`]);
  });
});

describe('keys that cannot be those of witnesses', () => {
  test.each([
    ['garbage', ['no key'], 'is not <name>'],
    ['a key of a log', [VKEY], 'of a log'],
    ['the same twice', [A.vkey, A.vkey], 'given twice'],
  ])('%s', async (_, witnesses, detail) => {
    const report = await verify(cosigned([A]), { witnesses, quorum: 0 });
    expect(findings(report)).toEqual(['witness_key_malformed']);
    expect(report.failures[0]?.detail).toContain(detail);
  });

  test("the log's own bytes", async () => {
    const key = parseVerificationKey(VKEY);
    if (!key.ok) throw new TypeError(key.detail);
    const itself = formatVerificationKey(
      { name: 'witness.example/x', publicKey: key.value.publicKey },
      'cosignature',
    );
    const report = await verify(cosigned([A]), { witnesses: [itself, A.vkey], quorum: 1 });
    expect(findings(report)).toEqual(['witness_key_malformed']);
    expect(report.failures[0]?.detail).toContain("the log's own key");
  });

  test.each([-1, 0.5, 4, Number.NaN])(
    'a quorum of %d among three is a mistake of the caller',
    async (quorum) => {
      await expect(verify(LOG, { witnesses: WITNESS_VKEYS, quorum })).rejects.toThrow(TypeError);
    },
  );
});
