import { formatReport, verifyLedger, type Anchor, type VerificationReport } from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import {
  makeEntries,
  publishWithHistory,
  rootOf,
  signCheckpoint,
  sourceOf,
  VKEY,
} from './support/memory-log.ts';

const SIZE = 600;
const ENTRIES = makeEntries(SIZE);
const LOG = publishWithHistory(ENTRIES);

function anchor(size: number, entries = ENTRIES): Anchor {
  const note = signCheckpoint({ size, root: rootOf(entries.slice(0, size)) });
  return { name: `anchors/${String(size).padStart(20, '0')}`, note, size };
}

async function verify(anchors: readonly Anchor[], log = LOG): Promise<VerificationReport> {
  return await verifyLedger({ source: sourceOf(log), vkey: VKEY, anchors });
}

describe('anchors', () => {
  test('that are continued make the log anchored, up to the largest', async () => {
    const report = await verify([anchor(100), anchor(512), anchor(257)]);
    expect(report).toMatchObject({
      ok: true,
      anchorsVerified: 3,
      assurance: { level: 'anchored', size: 512 },
    });
    expect(report.assurance.cannotExclude[0]).toMatch(/entries from 512 on/);
    const text = formatReport(report);
    expect(text).toContain('Assurance: anchored, the first 512 entries');
    expect(text).toContain('Anchors:     3 that were kept elsewhere agree');
  });

  test('of the whole log leave out that newer entries were cut off', async () => {
    const { assurance } = await verify([anchor(SIZE)]);
    expect(assurance).toMatchObject({ level: 'anchored', size: SIZE });
    expect(assurance.cannotExclude[0]).toMatch(/came after the first 600 were cut off/);
  });

  test('of nothing prove nothing', async () => {
    expect(await verify([anchor(0)])).toMatchObject({ ok: true, assurance: { level: 'unanchored' } });
    expect(await verify([])).toMatchObject({
      ok: true,
      anchorsVerified: 0,
      assurance: { level: 'unanchored' },
    });
  });
});

describe('an anchor gives away', () => {
  test('a log that was cut back', async () => {
    const cut = publishWithHistory(ENTRIES.slice(0, 400));
    const report = await verify([anchor(300), anchor(500)], cut);
    expect(report.failures).toMatchObject([
      {
        code: 'anchor_ahead',
        place: { path: anchor(500).name },
        detail: expect.stringContaining('covers 500'),
      },
    ]);
    // What one of them contradicts, the others do not vouch for.
    expect(report.assurance.level).toBe('unanchored');
  });

  test('a log that was written anew', async () => {
    const anew = publishWithHistory(makeEntries(SIZE, (index) => index + 2));
    const report = await verify([anchor(300)], anew);
    expect(report.failures).toMatchObject([
      { code: 'anchor_inconsistent', place: { path: anchor(300).name } },
    ]);
  });
});

describe('what is no anchor of this log fails, and is named', () => {
  test.each([
    ['a file of something else', { name: 'a/1', note: 'garbage' }],
    ['an anchor that was changed', { name: 'a/1', note: anchor(300).note.replace('\n300\n', '\n301\n') }],
    ['an anchor that was renamed', { ...anchor(300), name: 'a/1', size: 301 }],
  ])('%s', async (_what, given) => {
    const report = await verify([given]);
    expect(report.failures).toMatchObject([{ code: 'anchor_invalid', place: { path: 'a/1' } }]);
    expect(report.assurance.level).toBe('unanchored');
  });
});

test('a verification that goes on where it was interrupted comes to the same, and takes no other anchors', async () => {
  const states: string[] = [];
  const anchors = [anchor(100), anchor(512), anchor(599)];
  const options = { source: sourceOf(LOG), vkey: VKEY, anchors };
  const whole = await verifyLedger({
    ...options,
    stateIntervalMs: 0,
    onState: (state) => void states.push(state),
  });
  expect(states.length).toBeGreaterThan(1);
  for (const resume of states) {
    const resumed = await verifyLedger({ ...options, resume });
    expect({ ...resumed, elapsedMs: 0 }).toEqual({ ...whole, elapsedMs: 0 });
    await expect(verifyLedger({ ...options, anchors: [anchor(100)], resume })).rejects.toThrow(
      /other options/,
    );
  }
});
