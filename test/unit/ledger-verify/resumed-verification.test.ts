import {
  StateRefusedError,
  type VerificationReport,
  type VerifyLedgerOptions,
} from '@spanledger/ledger/verify';
import { describe, expect, test } from 'vitest';
import {
  addHistory,
  copyLog,
  edit,
  makeEntries,
  publish,
  rootOf,
  signCheckpoint,
  type MemoryLog,
} from './support/memory-log.ts';
import { alter, editEntries, flip, verify } from './support/tampering.ts';

// Two full bundles at first, then two more and a partial one; the history has its sizes within and between bundles.
const ENTRIES = makeEntries(1_100, (index) => (index === 700 ? 3 : index > 900 ? index + 40 : index + 1));
const LOG = publish(ENTRIES);
addHistory(LOG, ENTRIES, [1, 200, 256, 300, 511, 512, 513, 800, 1_024, 1_050, 1_100], 3);
const KNOWN = [100, 512, 768, 1_090].map((size) =>
  signCheckpoint({ size, root: rootOf(ENTRIES.slice(0, size)) }),
);

async function report(log: MemoryLog, options: Partial<VerifyLedgerOptions> = {}): Promise<object> {
  return withoutTime(await verify(log, { history: 'required', known: KNOWN, ...options }));
}

function withoutTime(found: VerificationReport): object {
  return { ...found, elapsedMs: 0 };
}

/** All states that a verification gives out. */
async function statesOf(log: MemoryLog, options: Partial<VerifyLedgerOptions> = {}): Promise<string[]> {
  const states: string[] = [];
  const onState = (state: string): number => states.push(state);
  await report(log, { onState: (state) => void onState(state), stateIntervalMs: 0, ...options });
  return states;
}

describe('a verification that goes on from a state', () => {
  test('reports what one without interruption does, from every state', async () => {
    const whole = await report(LOG);
    expect(whole).toMatchObject({ ok: true, verified: 1_100, knownVerified: 4, historyVerified: 11 });
    expect(whole).toMatchObject({ warningsTotal: 2 });
    const states = await statesOf(LOG);
    expect(states).toHaveLength(4);
    for (const resume of states) expect(await report(LOG, { resume })).toEqual(whole);
  });

  test('gives out the same states itself', async () => {
    const states = await statesOf(LOG);
    expect(await statesOf(LOG, { resume: states[1] ?? '' })).toEqual(states.slice(2));
  });

  test('does not read again what was walked', async () => {
    const states = await statesOf(LOG);
    const copy = copyLog(LOG);
    for (const index of [0, 1, 2]) edit(copy, `tile/entries/00${index}`, (bytes) => flip(bytes, 100));
    const resumed = await report(copy, { resume: states[2] ?? '' });
    expect(resumed).toEqual(await report(LOG));
  });

  test('reports what is wrong after the state as one without interruption does', async () => {
    const copy = copyLog(LOG);
    editEntries(copy, 2, 256, (entries) => entries.map((entry, i) => (i === 9 ? alter(entry) : entry)));
    edit(copy, 'checkpoints/00000000000000000513', (bytes) => flip(bytes, 40));
    const whole = await report(copy);
    expect(whole).toMatchObject({ ok: false });
    const states = await statesOf(copy);
    // None after the failure: from the last one it is found again.
    expect(states).toHaveLength(2);
    for (const resume of states) expect(await report(copy, { resume })).toEqual(whole);
  });

  test('keeps to the checkpoint with which it began when the log has grown', async () => {
    const states = await statesOf(LOG);
    const whole = await report(LOG);
    const more = [...ENTRIES, ...makeEntries(1_500).slice(1_100)];
    // Partial tiles stay until the full one is there.
    const grown = { ...publish(more), files: new Map([...LOG.files, ...publish(more).files]) };
    addHistory(grown, more, [1, 200, 256, 300, 511, 512, 513, 800, 1_024, 1_050, 1_100, 1_500], 3);
    for (const resume of states) expect(await report(grown, { resume })).toEqual(whole);
  });

  test('keeps what was found wrong with the log as a whole before it began', async () => {
    const known = [...KNOWN, 'no checkpoint'];
    const whole = await report(LOG, { known });
    expect(whole).toMatchObject({ ok: false, failuresTotal: 1 });
    for (const resume of await statesOf(LOG, { known }))
      expect(await report(LOG, { known, resume })).toEqual(whole);
  });
});

describe('a state is refused', () => {
  const refused = (
    log: MemoryLog,
    resume: string,
    options: Partial<VerifyLedgerOptions> = {},
  ): Promise<void> => expect(report(log, { resume, ...options })).rejects.toThrow(StateRefusedError);

  test('with any character of it changed', async () => {
    const [, state = ''] = await statesOf(LOG);
    const step = Math.ceil(state.length / 300);
    for (let at = 0; at < state.length; at += step) {
      const other = state[at] === '1' ? '2' : '1';
      await refused(LOG, state.slice(0, at) + other + state.slice(at + 1));
    }
    for (const wrong of ['', '\n\n\n', `${state}\n`, state.slice(0, -1), state.slice(0, 500)])
      await refused(LOG, wrong);
  });

  test('of a verification with another key or other options', async () => {
    const [, state = ''] = await statesOf(LOG);
    await refused(LOG, state, { known: KNOWN.slice(1) });
    await refused(LOG, state, { history: 'optional' });
    await refused(LOG, state, { entries: 'opaque' });
    await refused(LOG, state, { vkey: 'example.com/other+00000000+AQ==' });
  });

  test('of another log under the same key', async () => {
    const [, state = ''] = await statesOf(LOG);
    const others = makeEntries(1_100, (index) => index + 2);
    const other = publish(others);
    addHistory(other, others, [1_100]);
    await refused(other, state);
  });

  test('of a log that is shorter now', async () => {
    const states = await statesOf(LOG);
    const shorter = publish(ENTRIES.slice(0, 900));
    addHistory(shorter, ENTRIES, [900]);
    await refused(shorter, states[0] ?? '');
  });
});
