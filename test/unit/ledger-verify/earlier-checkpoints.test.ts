import { generateKeyPairSync } from 'node:crypto';
import { formatReport, verifyLedger } from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import {
  addHistory,
  copyLog,
  edit,
  makeEntries,
  ORIGIN,
  publish,
  rootOf,
  signCheckpoint,
  sourceOf,
  VKEY,
  type MemoryLog,
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

describe('earlier checkpoints', () => {
  const earlier = (size: number): string => signCheckpoint({ size, root: rootOf(ENTRIES.slice(0, size)) });

  test('of every kind of size are continued', async () => {
    const known = [599, 0, 1, 255, 256, 257, 600, 511, 512, 513, 256].map(earlier);
    const report = await verify(LOG, { known });
    expect(findings(report)).toEqual([]);
    expect(report.knownVerified).toBe(known.length);
  });

  test('a log cut back, with a checkpoint of that time', async () => {
    const cut = publish(ENTRIES.slice(0, 400));
    const report = await verify(cut, { known: [earlier(600), earlier(300)] });
    expect(findings(report)).toEqual(['known_checkpoint_ahead 400']);
    expect(report.knownVerified).toBe(1);
  });

  test('a log written anew', async () => {
    const anew = publish(makeEntries(SIZE, (index) => index + 2));
    const report = await verify(anew, { known: [earlier(300), earlier(600)] });
    expect(findings(report)).toEqual([
      'known_checkpoint_inconsistent 300',
      'known_checkpoint_inconsistent 600',
    ]);
  });

  test('that are not what they should be', async () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    const known = [
      '',
      'garbage',
      signCheckpoint({ size: 3, root: new Uint8Array(32) }, other),
      earlier(5).replace(ORIGIN, 'x'),
    ];
    expect(findings(await verify(LOG, { known }))).toEqual(known.map(() => 'known_checkpoint_invalid'));
  });

  test('are compared with what the tree proves, not with an altered entry', async () => {
    const copy = copyLog(LOG);
    editEntries(copy, 0, 256, (entries) => entries.with(3, alter(entries[3] ?? new Uint8Array())));
    flip(copy.files.get('tile/0/001') ?? new Uint8Array(1), 5);
    const report = await verify(copy, { known: [earlier(100), earlier(400), earlier(599)] });
    expect(report.knownVerified).toBe(3);
    expect(report.failures.map(({ code }) => code)).toEqual([
      'entry_altered',
      'previous_mismatch',
      'tile_altered',
    ]);
  });

  test('cannot be compared where hashes are missing', async () => {
    const copy = copyLog(LOG);
    for (const path of ['tile/0/001', 'tile/entries/001', 'tile/1/000.p/2']) copy.files.delete(path);
    const report = await verify(copy, { known: [earlier(100), earlier(400), earlier(599)] });
    expect(report.knownVerified).toBe(1);
    expect(findings(report).filter((line) => line.startsWith('known'))).toEqual([
      'known_checkpoint_inconsistent 400',
      'known_checkpoint_inconsistent 599',
    ]);
  });
});

describe('the history of checkpoints', () => {
  const SIZES = [0, 1, 40, 255, 256, 257, 300, 511, 512, 550, 600];
  const withHistory = copyLog(LOG);
  addHistory(withHistory, ENTRIES, SIZES);
  const last = 'checkpoints/00000000000000000512';
  const oldCheckpoint = (size: number): Uint8Array =>
    Buffer.from(signCheckpoint({ size, root: rootOf(ENTRIES.slice(0, size)) }));
  const cutTo = (size: number) => (log: MemoryLog) => {
    const cut = publish(ENTRIES.slice(0, size));
    for (const path of log.files.keys()) if (path.startsWith('tile/')) log.files.delete(path);
    for (const [path, bytes] of cut.files) log.files.set(path, bytes);
  };

  test('agrees with the log', async () => {
    const report = await verify(withHistory);
    expect(findings(report)).toEqual([]);
    expect(report.historyVerified).toBe(SIZES.length);
    expect(formatReport(report)).toContain('11 checkpoints that this log published before agree with it');
  });

  test('may be behind the checkpoint, and one ahead of it', async () => {
    const behind = copyLog(LOG);
    addHistory(behind, ENTRIES, SIZES.slice(0, -1));
    expect(findings(await verify(behind))).toEqual([]);
    const ahead = copyLog(withHistory);
    ahead.files.set('checkpoint', oldCheckpoint(550));
    const report = await verify(ahead);
    expect(report).toMatchObject({ ok: true, size: 600, verified: 600 });
    expect(report.warnings.map(({ code }) => code)).toEqual(['checkpoint_behind']);
  });

  test('may end in a note that is being written', async () => {
    const report = await findingsAfter(
      (log) => edit(log, last, (bytes) => Buffer.concat([bytes, Buffer.from('ledger.ex')])),
      withHistory,
    );
    expect(report).toEqual([]);
  });

  test('gives away a log that was cut back to an earlier checkpoint', async () => {
    const report = await findingsAfter(cutTo(300), withHistory);
    expect(report).toContain('checkpoint_rolled_back checkpoint');
    expect(report).toContain('bundle_missing 256 tile/entries/001');
  });

  test('gives away a checkpoint that was rolled back alone', async () => {
    const report = await findingsAfter((log) => log.files.set('checkpoint', oldCheckpoint(300)), withHistory);
    expect(report).toEqual(['checkpoint_rolled_back checkpoint']);
  });

  test('serves where the checkpoint is damaged, so that nothing else is hidden', async () => {
    const report = await findingsAfter((log) => {
      log.files.set('checkpoint', Buffer.from('garbage'));
      editEntries(log, 2, 88, (entries) => entries.with(87, alter(entries[87] ?? new Uint8Array())));
    }, withHistory);
    expect(report).toEqual(['checkpoint_malformed checkpoint', 'entry_altered 599 tile/entries/002.p/88']);
  });

  test('is missed where it was removed or emptied, and the log cut back', async () => {
    const remove = (log: MemoryLog): void => {
      for (const path of log.files.keys()) if (path.startsWith('checkpoints/')) log.files.delete(path);
    };
    const changes: ((log: MemoryLog) => void)[] = [
      remove,
      (log) => log.files.delete('checkpoints/index'),
      (log) => log.files.set('checkpoints/index', new Uint8Array()),
    ];
    for (const change of changes) {
      for (const size of [SIZE, 300, 0]) {
        const report = await findingsAfter((log) => {
          cutTo(size)(log);
          change(log);
        }, withHistory);
        expect(report).toEqual(['history_missing checkpoints/index']);
      }
    }
    const report = await verifyLedger({ source: sourceOf(LOG), vkey: VKEY });
    expect(findings(report)).toEqual(['history_missing checkpoints/index']);
  });

  test('is not demanded of other software', async () => {
    const report = await verify(LOG, { history: 'optional' });
    expect(findings(report)).toEqual([]);
    expect(report.warnings.map(({ code, place }) => [code, place.path])).toEqual([
      ['history_missing', 'checkpoints/index'],
    ]);
  });

  test('cut back with the log is not noticed, but that full bundles were left is', async () => {
    const cut = copyLog(publish(ENTRIES.slice(0, 300)));
    addHistory(cut, ENTRIES, [0, 1, 40, 255, 256, 257, 300]);
    expect(await verify(cut, { history: 'required' })).toMatchObject({ ok: true, size: 300, warnings: [] });

    const left = copyLog(withHistory);
    left.files.set('checkpoint', oldCheckpoint(300));
    addHistory(left, ENTRIES, [0, 1, 40, 255, 256, 257, 300]);
    for (const [path, bytes] of publish(ENTRIES.slice(0, 300)).files) left.files.set(path, bytes);
    const report = await verify(left, { history: 'required' });
    expect(report).toMatchObject({ ok: true, size: 300 });
    expect(report.warnings.map(({ code, place }) => [code, place.path])).toEqual([
      ['entries_beyond', 'tile/entries/001'],
    ]);
  });

  test('with a signed checkpoint of another tree', async () => {
    const report = await findingsAfter((log) => {
      const note = signCheckpoint({ size: 550, root: new Uint8Array(32) });
      edit(log, last, (bytes) =>
        Buffer.from(
          Buffer.from(bytes)
            .toString()
            .replace(Buffer.from(oldCheckpoint(550)).toString(), note),
        ),
      );
    }, withHistory);
    expect(report).toEqual([`history_inconsistent 550 ${last}`]);
  });

  test('altered, garbage, or partly missing', async () => {
    const first = 'checkpoints/00000000000000000000';
    const change = (find: string, replacement: string) => (log: MemoryLog) =>
      edit(log, first, (bytes) => Buffer.from(Buffer.from(bytes).toString().replace(find, replacement)));
    expect(await findingsAfter(change('\n40\n', '\n41\n'), withHistory)).toEqual([
      `history_malformed 41 ${first}`,
    ]);
    expect(await findingsAfter(change('\n40\n', '\n400000\n'), withHistory)).toEqual([
      `history_malformed ${first}`,
    ]);
    expect(await findingsAfter((log) => log.files.delete(first), withHistory)).toEqual([
      `history_malformed ${first}`,
    ]);
    for (const path of [first, last, 'checkpoints/index']) {
      for (const garbage of [Buffer.from([0xff]), Buffer.from('x'), Buffer.from('\n\n\u2014 x\n')]) {
        const report = await findingsAfter((log) => log.files.set(path, garbage), withHistory);
        expect(report).toContain(`history_malformed ${path}`);
        expect(report.every((line) => line.startsWith('history_malformed'))).toBe(true);
      }
    }
  });
});
