import { MAX_REPORTED_FAILURES, verifyLedger } from '@spanledger/ledger/verify';
import { encodeCanonical } from '@spanledger/record';
import { describe, expect, test } from 'vitest';
import {
  edit,
  makeEntries,
  makeRecord,
  ORIGIN,
  publish,
  publishWithHistory,
  rootOf,
  signCheckpoint,
  sourceOf,
  VKEY,
} from './support/memory-log.ts';
import {
  SIZE,
  ENTRIES,
  LOG,
  verify,
  findings,
  findingsAfter,
  editEntries,
  alter,
  flip,
} from './support/tampering.ts';

describe('a sound log', () => {
  test.each([0, 1, 2, 255, 256, 257, 512, 600])('of %i entries verifies', async (size) => {
    const entries = ENTRIES.slice(0, size);
    const report = await verify(publishWithHistory(entries), { history: 'required' });
    expect(findings(report)).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      origin: ORIGIN,
      size,
      verified: size,
      root: Buffer.from(rootOf(entries)).toString('base64'),
      checkpoint: { size, root: Buffer.from(rootOf(entries)).toString('base64'), signers: [ORIGIN] },
      assurance: { level: 'unanchored' },
      warningsTotal: 0,
    });
    if (size > 0) {
      expect(report.producers).toEqual([
        {
          streamId: 'stream',
          count: size,
          skipped: 0,
          first: 1,
          last: size,
          missing: [],
          explained: [],
          unexplained: [],
          duplicates: 0,
          exact: true,
        },
      ]);
    }
  });

  test('reports its progress and ends at its size', async () => {
    const seen: number[] = [];
    await verify(LOG, { onProgress: ({ verified, size }) => seen.push(verified) + size });
    expect(seen).toEqual([256, 512, 600]);
  });

  test('can be given up', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const report = verify(LOG, { signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(report).rejects.toBe(reason);
  });

  test('is sound too where full files replace partial ones', async () => {
    const grown = publish(makeEntries(768));
    const checkpoint = LOG.files.get('checkpoint') ?? new Uint8Array();
    const log = {
      size: SIZE,
      files: new Map([
        ...grown.files,
        ['checkpoint', checkpoint],
        ['tile/1/000.p/2', LOG.files.get('tile/1/000.p/2') ?? checkpoint],
      ]),
    };
    expect(findings(await verify(log))).toEqual([]);
  });
});

describe('a forged log that its own key has signed', () => {
  test('chain broken at one place', async () => {
    const log = publish(ENTRIES.with(300, alter(ENTRIES[300] ?? new Uint8Array())));
    expect(findings(await verify(log))).toEqual(['previous_mismatch 301 tile/entries/001']);
  });

  test('an entry left out', async () => {
    const report = findings(await verify(publish(ENTRIES.toSpliced(300, 1))));
    expect(report).toContain('previous_mismatch 300 tile/entries/001');
    expect(report.filter((line) => line.startsWith('previous_mismatch'))).toHaveLength(1);
    expect(report.filter((line) => line.startsWith('entry_index_wrong'))).toHaveLength(299);
  });

  test('of another name', async () => {
    const record = makeRecord(0, undefined);
    const forged = Buffer.from(
      Buffer.from(encodeCanonical(record)).toString().replace(ORIGIN, 'other.example'),
    );
    expect(findings(await verify(publish([forged])))).toEqual(['origin_mismatch 0 tile/entries/000.p/1']);
  });

  test('a first entry that names one before it', async () => {
    const report = await verify(publish([encodeCanonical(makeRecord(0, 'ab'.repeat(32)))]));
    expect(findings(report)).toEqual(['previous_mismatch 0 tile/entries/000.p/1']);
  });

  test('more failures than are listed are counted, and none of another kind is hidden', async () => {
    const log = publish(makeEntries(1_500).toSpliced(0, 1));
    log.files.set('checkpoint', Buffer.from(signCheckpoint({ size: 1_499, root: new Uint8Array(32) })));
    const report = await verify(log);
    expect(report.failuresTotal).toBe(1_499 + 1 + 1);
    expect(report.failures.length).toBeLessThanOrEqual(MAX_REPORTED_FAILURES);
    expect(report.failures.at(-1)?.code).toBe('root_mismatch');
    expect(report.verified).toBe(0);
  });
});

describe('the verification key', () => {
  test.each(['', 'nonsense', `${VKEY}x`, VKEY.replace('+', ' '), VKEY.slice(0, -4), '\u0000'])(
    '%j',
    async (vkey) => {
      const report = await verify(LOG, { vkey });
      expect(findings(report)).toEqual(['vkey_malformed']);
      expect(report).toMatchObject({ verified: SIZE, origin: ORIGIN });
    },
  );

  test('may end in a newline, as its file does', async () => {
    expect(findings(await verify(LOG, { vkey: `${VKEY}\n` }))).toEqual([]);
  });
});

describe('producers', () => {
  test('a hole is a warning that names what is missing', async () => {
    const report = await verify(
      publishWithHistory(makeEntries(20, (index) => (index < 10 ? index + 3 : index + 8))),
    );
    expect(report.ok).toBe(true);
    expect(report.producers[0]).toMatchObject({
      count: 20,
      first: 3,
      last: 27,
      missing: [
        [1, 2],
        [13, 17],
      ],
    });
    expect(report.warnings).toEqual([
      { code: 'producer_gap', place: {}, detail: 'Producer stream: not in the log are 1–2, 13–17.' },
    ]);
  });

  test('a record that came twice is a warning that names the second', async () => {
    const report = await verify(
      publishWithHistory(makeEntries(20, (index) => (index === 12 ? 4 : index + 1))),
    );
    expect(report.producers[0]).toMatchObject({ count: 19, duplicates: 1, missing: [[13, 13]] });
    expect(report.warnings[0]).toMatchObject({ code: 'record_duplicated', place: { index: 12 } });
    expect(report.warningsTotal).toBe(2);
  });
});

describe('a source that fails', () => {
  test('is reported file by file', async () => {
    const source = sourceOf(publishWithHistory(ENTRIES));
    const report = await verifyLedger({
      vkey: VKEY,
      source: {
        read: (path) => (path === 'tile/entries/001' ? Promise.reject(new Error('disk')) : source.read(path)),
      },
    });
    expect(findings(report)).toEqual(['read_failed 256 tile/entries/001']);
  });

  test('altogether', async () => {
    for (const read of [
      () => Promise.reject(new Error('x')),
      () => {
        throw new Error('sync');
      },
    ]) {
      expect(findings(await verifyLedger({ vkey: VKEY, source: { read } }))).toEqual([
        'read_failed minimum-index',
        'read_failed keys',
        'read_failed checkpoints/index',
        'read_failed checkpoint',
      ]);
    }
  });
});

describe('a log of three levels', () => {
  const size = 65_536 + 300;
  const log = publish(makeEntries(size));

  test('verifies', async () => {
    const report = await verify(log);
    expect(findings(report)).toEqual([]);
    expect(report.verified).toBe(size);
  }, 30_000);

  test('an upper tile altered, full and partial', async () => {
    const report = await findingsAfter((copy) => {
      edit(copy, 'tile/1/000', (bytes) => flip(bytes, 10 * 32));
      edit(copy, 'tile/1/001.p/1', (bytes) => flip(bytes, 0));
      edit(copy, 'tile/0/011', (bytes) => flip(bytes, 0));
      editEntries(copy, 20, 256, (entries) => entries.with(1, alter(entries[1] ?? new Uint8Array())));
    }, log);
    expect(report.toSorted()).toEqual([
      'entry_altered 5121 tile/entries/020',
      'previous_mismatch 5122 tile/entries/020',
      'tile_altered 2560 tile/1/000',
      'tile_altered 2816 tile/0/011',
      'tile_altered 65536 tile/1/001.p/1',
    ]);
  }, 30_000);
});
