import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../../../packages/exporter/src/log.ts';
import { heldFromNowOn, RetentionRuns } from '../../../../packages/exporter/src/retention-runs.ts';
import type { Hold } from '../../../../packages/exporter/src/subjects/index.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;
const CONFIG = { classes: [{ name: 'default', keepMs: 1000 }], graceMs: 0 };

type Ask = ConstructorParameters<typeof RetentionRuns>[0]['threads']['retention'];
type Question = Parameters<Ask>[0];
type RetentionState = Awaited<ReturnType<Ask>>['state'];

/** A thread and a ledger that only note what they are asked. */
class Bench {
  /** How many records each step purges. */
  steps: (number | Error)[] = [];
  state: RetentionState = {
    quietUntilMs: 0,
    isClassed: true,
    firstKept: 0,
    underWay: 0,
    nextDueMs: NOW_MS - 1,
  };
  holds: Hold[] = [];
  minimumIndex = 0;
  readonly asked: Question[] = [];
  readonly done: string[] = [];
  readonly runs: RetentionRuns;

  constructor(config: typeof CONFIG | undefined = CONFIG) {
    this.runs = new RetentionRuns({
      config,
      threads: {
        retention: async (question) => {
          this.asked.push(question);
          if (question.ask !== 'state') this.done.push(question.ask);
          const step = question.ask === 'step' ? (this.steps.shift() ?? 0) : undefined;
          if (step instanceof Error) throw step;
          return { state: { ...this.state }, ...(step !== undefined && { purged: step }) };
        },
      },
      holds: async () => this.holds,
      ledger: {
        minimumIndex: () => this.minimumIndex,
        sizes: () => ({ sequenced: 9, durable: 9, integrated: 9, published: 9 }),
        published: async () => void this.done.push('published'),
        prune: async (index) => {
          this.done.push(`pruned ${index}`);
          this.minimumIndex = index;
        },
      },
      append: async ({ clear }) => void this.done.push(`recorded ${JSON.stringify(clear['audit'])}`),
      log: createLog({ level: 'silent', format: 'json' }),
      now: () => NOW_MS,
      tickMs: 5,
    });
  }

  codes(): string[] {
    return this.runs.warnings().map(({ code }) => code);
  }
}

let bench: Bench;
afterEach(() => bench.runs.stop());

describe('by itself', () => {
  test('it purges step by step to the end, and prunes only after the record of it is published', async () => {
    bench = new Bench();
    bench.steps = [4096, 100];
    bench.state.firstKept = 512;
    bench.runs.start();
    await vi.waitFor(() => expect(bench.done).toContain('prune'));
    const [one, two, three, close, record, published, pruned, drop] = bench.done;
    expect([one, two, three, close]).toEqual(['step', 'step', 'step', 'close']);
    expect(record).toContain('"retention":{"minimum_index":512}');
    expect([published, pruned, drop]).toEqual(['published', 'pruned 512', 'prune']);
    expect(await bench.runs.retention()).toMatchObject({ minimum_index: 512 });
    expect(bench.runs.metrics()).toContain('spanledger_retention_purged_total 4196');
  });

  test('it waits while the periods have changed, and says so; but goes on with what was begun', async () => {
    bench = new Bench();
    bench.state.quietUntilMs = NOW_MS + 1;
    bench.runs.start();
    await vi.waitFor(() => expect(bench.asked.length).toBeGreaterThan(3));
    expect(bench.done).toEqual([]);
    expect(bench.codes()).toEqual(['retention_changed']);
    bench.state.underWay = 1;
    await vi.waitFor(() => expect(bench.done).toContain('close'));
  });

  test('it waits while the clock is ahead, and says so; but goes on with what was begun', async () => {
    bench = new Bench();
    bench.state.clockLeadMs = 30 * HOUR_MS;
    bench.runs.start();
    await vi.waitFor(() => expect(bench.asked.length).toBeGreaterThan(3));
    expect(bench.done).toEqual([]);
    expect(bench.runs.warnings()).toMatchObject([
      { code: 'clock_ahead', message: expect.stringContaining('30 hours ahead') },
    ]);
    expect(await bench.runs.retention()).toMatchObject({ clock_ahead_seconds: 108_000 });
    bench.state.underWay = 1;
    await vi.waitFor(() => expect(bench.done).toContain('close'));
  });

  test('what fails is told and tried again', async () => {
    bench = new Bench();
    bench.steps = Array.from({ length: 1000 }, () => new Error('Elasticsearch is down'));
    bench.runs.start();
    await vi.waitFor(() => expect(bench.codes()).toEqual(['retention_behind']));
    expect(bench.runs.metrics()).toContain('spanledger_retention_up 0');
    expect(bench.runs.describe()).toMatchObject({
      trouble: expect.stringContaining('Elasticsearch is down'),
    });
    bench.steps = [5];
    await vi.waitFor(() => expect(bench.runs.metrics()).toContain('spanledger_retention_purged_total 5'));
    await vi.waitFor(() => expect(bench.runs.metrics()).toContain('spanledger_retention_up 1'));
  });

  test('nothing is asked where everything is kept for ever', async () => {
    bench = new Bench(undefined);
    const runs = new Bench().runs;
    bench.runs.start();
    await runs.retention();
    expect(bench.asked).toEqual([]);
  });
});

describe('asked for', () => {
  test('it purges at once, also while the periods have changed, and one purge at a time', async () => {
    bench = new Bench();
    bench.state.quietUntilMs = NOW_MS + 1;
    bench.steps = [7];
    expect(await bench.runs.runRetention()).toMatchObject({ running: true });
    await bench.runs.runRetention();
    await vi.waitFor(async () => expect(await bench.runs.retention()).toMatchObject({ running: false }));
    expect(bench.done).toEqual(['step', 'step', 'close_at_once', 'pruned 0']);
  });

  test('it refuses while the clock is ahead', async () => {
    bench = new Bench();
    bench.state.clockLeadMs = 30 * HOUR_MS;
    await expect(bench.runs.runRetention()).rejects.toMatchObject({
      code: 'clock_ahead',
      hint: expect.stringContaining('Set it right'),
    });
    expect(bench.done).toEqual([]);
  });

  test('every hold in force is told to every step, and none that was released', async () => {
    bench = new Bench();
    const hold = (id: string, more: object = {}): Hold => ({
      id,
      kind: 'query',
      query: `q${id}`,
      reason: 'r',
      set_by: { name: 'n', role: 'r' },
      set_at: '2026-01-01T00:00:00Z',
      ...more,
    });
    bench.holds = [hold('a'), hold('b', { released_at: '2026-02-01T00:00:00Z' })];
    await bench.runs.planRetention();
    expect(bench.asked.at(-1)?.holds).toEqual([{ id: 'a', query: 'qa' }]);
  });

  test('a hold has been set only once no step is under way that did not know of it', async () => {
    bench = new Bench();
    let isSet = false;
    const desk = heldFromNowOn(
      // Only what is called.
      Object.assign(Object.create(null), { addHold: async () => ((isSet = true), { id: 'h' }) }),
      { stepUnderWay: async () => expect(isSet).toBe(true) },
    );
    expect(await desk.addHold({ reason: 'case 1' })).toEqual({ id: 'h' });
  });
});
