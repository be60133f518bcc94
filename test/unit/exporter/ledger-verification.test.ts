import type { RecordDraft } from '@spanledger/record';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type LedgerFinding,
  LedgerVerifications,
} from '../../../packages/exporter/src/ledger-verification.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';

const SOUND: LedgerFinding = { size: 7, failures: 0, codes: [] };
const BROKEN: LedgerFinding = { size: 7, failures: 2, codes: ['bundle_missing'], first: 'a bundle is gone' };

const records: RecordDraft[] = [];
let verifications: LedgerVerifications;
afterEach(async () => {
  await verifications.stop();
  records.length = 0;
});

/** @param findings - one after the other, the last one for good */
function begin(findings: (LedgerFinding | Error)[], everyMs = 5): { times: () => number } {
  let times = 0;
  verifications = new LedgerVerifications({
    directory: '/data/ledger',
    origin: 'audit.example',
    vkey: () => 'vkey',
    everyMs,
    append: async (draft) => void records.push(draft),
    log: createLog({ level: 'silent', format: 'json' }),
    verify: async (data) => {
      expect(data).toEqual({ directory: '/data/ledger', vkey: 'vkey' });
      const found = findings[Math.min(times++, findings.length - 1)] ?? SOUND;
      if (found instanceof Error) throw found;
      return found;
    },
  });
  verifications.start();
  return { times: () => times };
}

function outcomes(): unknown[] {
  return records.map(({ clear }) => [
    Object(clear['event']).action,
    Object(clear['event']).outcome,
    Object(clear['event']).reason,
  ]);
}

test('a ledger that verifies is recorded, and told to nobody else', async () => {
  begin([SOUND]);
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(1));
  expect(outcomes()[0]).toEqual(['ledger.verified', 'success', '7 entries verified']);
  expect(records[0]?.clear['audit']).toMatchObject({ target: { id: 'audit.example', type: 'audit.ledger' } });
  expect(verifications.warnings()).toEqual([]);
  expect(verifications.describe()).toMatchObject({ ok: true, size: 7 });
  expect(verifications.metrics()).toContain('spanledger_ledger_verification_failures 0');
});

test('one that does not is looked at twice, recorded and told, until it does', async () => {
  const { times } = begin([BROKEN, BROKEN, SOUND]);
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(0));
  expect(times()).toBeGreaterThanOrEqual(2);
  expect(outcomes()[0]).toEqual([
    'ledger.verified',
    'failure',
    '7 entries verified, 2 failures: bundle_missing',
  ]);
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(1));
  expect(outcomes()[1]).toEqual(['ledger.verified', 'success', '7 entries verified']);
  expect(verifications.warnings()).toEqual([]);
});

test('what is wrong is told to whoever runs it', async () => {
  begin([BROKEN]);
  await vi.waitFor(() => expect(verifications.warnings()).toHaveLength(1));
  expect(verifications.warnings()[0]).toMatchObject({
    code: 'ledger_verification_failed',
    message: expect.stringContaining('a bundle is gone'),
  });
  expect(verifications.describe()).toMatchObject({ ok: false, failures: 2 });
});

test('what was wrong for a moment, while the log was pruned, is not', async () => {
  begin([BROKEN, SOUND]);
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(0));
  expect(outcomes()[0]).toEqual(['ledger.verified', 'success', '7 entries verified']);
});

test('a log that cannot be read, or verified, is not one that was found wrong', async () => {
  const unread: LedgerFinding = { size: 0, failures: 1, codes: ['read_failed'], first: 'EIO' };
  const { times } = begin([unread, unread, new Error('no memory'), SOUND]);
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(0));
  expect(times()).toBeGreaterThanOrEqual(4);
  expect(outcomes()[0]).toEqual(['ledger.verified', 'success', '7 entries verified']);
});

test('never, where it is not asked for', async () => {
  const { times } = begin([SOUND], 0);
  const idle = verifications;
  begin([SOUND]);
  await vi.waitFor(() => expect(records.length).toBeGreaterThan(1));
  expect(times()).toBe(0);
  await idle.stop();
});
