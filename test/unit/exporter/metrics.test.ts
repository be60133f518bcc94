import { LedgerError, type Ledger, type WitnessingStatus } from '@spanledger/ledger';
import { describe, expect, test } from 'vitest';
import { describeMetrics } from '../../../packages/exporter/src/metrics.ts';
import { ledgerTroubles, ledgerWarnings } from '../../../packages/exporter/src/trouble.ts';
import { awaitPublished, describeWitnessing } from '../../../packages/exporter/src/witnesses.ts';

const WITNESSING: WitnessingStatus = {
  signed: 1,
  quorum: 2,
  isEnough: false,
  witnesses: [
    { name: 'w/"a"', url: 'https://a.example', size: 9, isGood: true },
    {
      name: 'w/b',
      url: 'https://b.example',
      size: 4,
      isGood: false,
      failure: { code: 'timeout', detail: 'it did not answer in time' },
    },
  ],
};

function ledgerOf(
  witnessing: WitnessingStatus | undefined,
  trouble?: LedgerError,
): Pick<Ledger, 'sizes' | 'trouble' | 'witnessing'> {
  return {
    sizes: () => ({ sequenced: 10, durable: 9, integrated: 8, published: 7 }),
    trouble: () => trouble,
    witnessing: () => witnessing,
  };
}

describe('metrics', () => {
  test('say how far the ledger is, in the text format of Prometheus', () => {
    const text = describeMetrics(ledgerOf(undefined));
    expect(text).toContain(
      '# TYPE spanledger_ledger_entries gauge\nspanledger_ledger_entries{moment="sequenced"} 10\n',
    );
    expect(text).toContain('\nspanledger_ready 1\n');
    expect(text).not.toContain('witness');
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? -?\d+)$/);
  });

  test('say what each witness does, and whether it is enough', () => {
    const text = describeMetrics(ledgerOf(WITNESSING, new LedgerError('publish_failed', 'x')));
    expect(text).toContain('\nspanledger_ready 0\n');
    expect(text).toContain('\nspanledger_checkpoint_cosignatures 1\n');
    expect(text).toContain('\nspanledger_checkpoint_cosignatures_demanded 2\n');
    expect(text).toContain('\nspanledger_checkpoint_quorum 0\n');
    expect(text).toContain(
      'spanledger_witness_up{witness="w/\\"a\\""} 1\nspanledger_witness_up{witness="w/b"} 0\n',
    );
    expect(text).toContain('spanledger_witness_entries{witness="w/b"} 4\n');
    expect(describeMetrics(ledgerOf({ ...WITNESSING, isEnough: true }))).toContain(
      '\nspanledger_checkpoint_quorum 1\n',
    );
  });
});

test('metrics say how far each anchor is', () => {
  const good = { size: 7, atMs: 1_500, lag: 0, isBehind: false, failures: 0 };
  const late = { size: 0, lag: 7, isBehind: true, failures: 3, error: 'x' };
  const text = describeMetrics(ledgerOf(undefined), [
    ['disk', good],
    ['git', late],
  ]);
  expect(text).toContain(
    'spanledger_anchor_entries{anchor="disk"} 7\nspanledger_anchor_entries{anchor="git"} 0\n',
  );
  expect(text).toContain('spanledger_anchor_timestamp_seconds{anchor="disk"} 1.5\n');
  expect(text).not.toContain('spanledger_anchor_timestamp_seconds{anchor="git"}');
  expect(text).toContain(
    'spanledger_anchor_behind{anchor="disk"} 0\nspanledger_anchor_behind{anchor="git"} 1\n',
  );
  expect(text).toContain('spanledger_anchor_failures{anchor="git"} 3\n');
});

describe('readiness', () => {
  test('warns of a missing quorum, and of nothing else', () => {
    expect(ledgerWarnings(ledgerOf(undefined))).toEqual([]);
    expect(ledgerWarnings(ledgerOf({ ...WITNESSING, isEnough: true }))).toEqual([]);
    expect(ledgerWarnings(ledgerOf(WITNESSING))).toEqual([
      {
        code: 'quorum_missing',
        message: '1 of 2 witnesses signed the checkpoint, 2 are demanded (w/b: it did not answer in time)',
        hint: expect.any(String),
      },
    ]);
  });

  test('is lost where the log is held back', () => {
    const trouble = new LedgerError('quorum_missing', 'held back', { hint: 'wait' });
    expect(ledgerTroubles(ledgerOf(WITNESSING, trouble))).toEqual([
      { code: 'quorum_missing', message: 'held back', hint: 'wait' },
    ]);
  });

  test('the status names the witnesses', () => {
    expect(describeWitnessing(undefined)).toEqual({});
    expect(describeWitnessing(WITNESSING)).toMatchObject({
      witnesses: { signed: 1, quorum: 2, of: [{ good: true }, { good: false, failure: 'timeout' }] },
    });
  });
});

describe('waiting for what is published', () => {
  const trouble = new LedgerError('quorum_missing', 'held back');
  const never = (_size: number, signal?: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });

  test('ends where the log is held back, with the reason', async () => {
    const held = { witnesses: [], quorum: 1, whenMissing: 'hold' } as const;
    const ledger = { ...ledgerOf(WITNESSING, trouble), published: never };
    await expect(awaitPublished(ledger, held, 5)).rejects.toBe(trouble);
    await awaitPublished({ ...ledger, published: () => Promise.resolve() }, held, 5);
  });

  test('needs no end where it is not', async () => {
    const asked: (AbortSignal | undefined)[] = [];
    const published = (_size: number, signal?: AbortSignal): Promise<void> => {
      asked.push(signal);
      return Promise.resolve();
    };
    await awaitPublished({ ...ledgerOf(undefined), published }, undefined, 5);
    expect(asked).toEqual([undefined]);
  });
});
