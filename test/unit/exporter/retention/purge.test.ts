import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord, JsonObject } from '@spanledger/record';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type HoldInForce,
  Purger,
  type RetentionClass,
  RetentionKeeper,
} from '../../../../packages/exporter/src/retention/index.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);
const PUBLISHED_WITHIN_MS = 5000;

/** 32 bytes. */
const KEY = Buffer.alloc(32, 7);
const sealer = {
  seal: (_name: string, bytes: Uint8Array) => bytes,
  open: (_name: string, box: Uint8Array) => box,
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Told {
  category: string;
  actor: string;
  saidMs: number;
  retention?: string;
  /** The service itself wrote it. */
  isOwn?: boolean;
}

function recordOf(told: Told, index: number): AuditRecord & JsonObject {
  const { category, actor, saidMs, retention, isOwn = false } = told;
  // Only what retention looks at.
  const record = {
    '@timestamp': new Date(saidMs).toISOString().replace('Z', '000000Z'),
    audit: {
      actor: { id: actor, type: 'user' },
      ledger: { index, origin: 'log' },
      record: { id: `r${index}` },
      ...(retention !== undefined && { policy: { retention, sha256: '' } }),
      ...(isOwn && { access: {} }),
    },
    event: { action: 'GET /', category: [category], kind: 'event', outcome: 'success' },
    ...(!isOwn && { span: { id: 's', kind: 'server' } }),
  };
  const parsed: AuditRecord & JsonObject = JSON.parse(JSON.stringify(record));
  return parsed;
}

/** A log in memory, its keeper and its purger, and the places that records are purged from. */
class Bench {
  nowMs = START_MS;
  /** By how much the clock was set forward. */
  setMs = 0;
  readonly log: (AuditRecord & JsonObject)[] = [];
  readonly places: [Set<number>, Set<number>] = [new Set(), new Set()];
  /** How many calls of places succeed before one fails; Infinity: all. */
  failAfter = Number.POSITIVE_INFINITY;
  readonly #file: string;
  #classes: readonly RetentionClass[];
  keeper: RetentionKeeper;
  purger: Purger;

  constructor(classes: readonly RetentionClass[]) {
    const folder = mkdtempSync(join(tmpdir(), 'spanledger-retention-'));
    folders.push(folder);
    this.#file = join(folder, 'retention.db');
    this.#classes = classes;
    [this.keeper, this.purger] = this.#open();
  }

  #open(): [RetentionKeeper, Purger] {
    const keeper = new RetentionKeeper({
      file: this.#file,
      key: KEY,
      config: { classes: this.#classes, graceMs: 0 },
      records: {
        read: async ({ first, entries }) =>
          entries.map((_, i) => ({ index: first + i, record: this.#at(first + i), openings: {} })),
        forget: () => undefined,
      },
      readClear: async (from, to) => this.log.slice(from, to),
      sealer,
      log: { origin: 'log', size: this.log.length },
      now: () => this.nowMs,
      // Time passes, unless a test says that the clock was set.
      elapsed: () => this.nowMs - this.setMs,
    });
    const purger = new Purger({
      keeper,
      alone: (run) => run(),
      findHeld: async (indexes, holds) =>
        new Map(
          indexes.flatMap((index) => {
            const hold = holds.find(({ query }) => query === this.#at(index).audit.actor.id);
            return hold === undefined ? [] : [[index, hold.id] as const];
          }),
        ),
      settledTo: () => this.log.length,
      places: this.places.map((place) => async (indexes: readonly number[]) => {
        if (this.failAfter-- <= 0) throw new Error('the process was killed');
        for (const index of indexes) place.add(index);
      }),
    });
    return [keeper, purger];
  }

  #at(index: number): AuditRecord & JsonObject {
    const record = this.log[index];
    if (record === undefined) throw new TypeError(`no entry ${index}`);
    return record;
  }

  async append(told: readonly Told[]): Promise<void> {
    const first = this.log.length;
    for (const [i, one] of told.entries()) this.log.push(recordOf(one, first + i));
    await this.#follow(first);
  }

  restart(classes: readonly RetentionClass[] = this.#classes): void {
    this.keeper.close();
    this.#classes = classes;
    this.failAfter = Number.POSITIVE_INFINITY;
    [this.keeper, this.purger] = this.#open();
  }

  /** What was purged gets its records into the log. */
  async record(): Promise<void> {
    const drafts = this.keeper.outbox.take(1000);
    const first = this.log.length;
    for (const [i, { draft }] of drafts.entries()) {
      const { audit = {}, ...clear } = draft.clear;
      const members = { actor: { id: 'service', type: 'system' }, record: { id: draft.id } };
      const text = {
        ...clear,
        audit: { ...Object(audit), ...members, ledger: { index: first + i, origin: 'log' } },
      };
      const record: AuditRecord & JsonObject = JSON.parse(JSON.stringify(text));
      this.log.push(record);
    }
    if (drafts.length > 0) await this.#follow(first);
  }

  /** `retention/` is deleted: all of it is built again from the log. */
  async lose(): Promise<void> {
    this.keeper.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#file + suffix, { force: true });
    [this.keeper, this.purger] = this.#open();
    await this.#follow(0);
  }

  /** How many records the log says were purged, by class. */
  recorded(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { audit } of this.log) {
      const { class: name = '', count = 0 } = audit.retention ?? {};
      if (count > 0) counts[name] = (counts[name] ?? 0) + count;
    }
    return counts;
  }

  async #follow(first: number): Promise<void> {
    const entries = this.log.slice(first).map(() => new Uint8Array(0));
    await this.keeper.process({ first, entries });
  }

  async purge(holds: readonly HoldInForce[] = []): Promise<number> {
    let purged = 0;
    for (;;) {
      const count = await this.purger.step(this.nowMs, holds);
      purged += count;
      if (count === 0) break;
    }
    await this.purger.close(this.nowMs);
    return purged;
  }

  /** What was purged: as it is marked, and as it is gone from either place. */
  purged(): [marked: number[], ...places: number[][]] {
    const marked = [...this.keeper.table.purgedIn(0, this.log.length)];
    return [marked, ...this.places.map((place) => [...place].toSorted((a, b) => a - b))];
  }
}

const CLASSES: readonly RetentionClass[] = [
  { name: 'short', keepMs: 2 * DAY_MS, match: { category: ['web'] } },
  { name: 'long', keepMs: 20 * DAY_MS, match: { category: ['authentication'] } },
  { name: 'named', keepMs: 5 * DAY_MS },
  { name: 'default', keepMs: 10 * DAY_MS },
];

const ACTORS = ['ann', 'bob', 'cid'];
const told = fc.record({
  category: fc.constantFrom('web', 'authentication', 'api'),
  actor: fc.constantFrom(...ACTORS),
  // What a sender says may be years off.
  offsetDays: fc.constantFrom(0, 0, 0, -1, -400, 400),
  retention: fc.constantFrom(undefined, undefined, 'named', 'nobody-knows'),
});
const step = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    records: fc.array(told, { minLength: 1, maxLength: 300 }),
  }),
  fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: -3, max: 12 }) }),
  fc.record({ do: fc.constant('hold' as const), actor: fc.constantFrom(...ACTORS) }),
  fc.record({ do: fc.constant('release' as const), actor: fc.constantFrom(...ACTORS) }),
  fc.record({ do: fc.constant('purge' as const) }),
  fc.record({ do: fc.constant('kill' as const), calls: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ do: fc.constant('restart' as const) }),
);

/** What each record is kept for, said once more. */
function keepDays({ category, retention }: { category: string; retention: string | undefined }): number {
  if (retention === 'nobody-knows') return Number.POSITIVE_INFINITY;
  if (retention === 'named') return 5;
  return { web: 2, authentication: 20 }[category] ?? 10;
}

test('nothing vanishes early, nothing stays late: random classes, holds, clocks, and a process that is killed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const bench = new Bench(CLASSES);
      const model: { actor: string; dueMs: number; gone: boolean }[] = [];
      const held = new Set<string>();
      let floorMs = 0;
      const purge = async (): Promise<void> => {
        const holds = [...held].map((actor) => ({ id: `hold of ${actor}`, query: actor }));
        const forecast = await bench.purger.plan(bench.nowMs, holds, async () => undefined);
        const due = model.filter(({ dueMs, gone }) => !gone && dueMs <= bench.nowMs);
        const expected = due.filter(({ actor }) => !held.has(actor));
        expect(forecast.classes.reduce((sum, one) => sum + one.due, 0)).toBe(expected.length);
        expect(forecast.classes.reduce((sum, one) => sum + one.held, 0)).toBe(due.length - expected.length);
        expect(await bench.purge(holds)).toBe(expected.length);
        for (const one of expected) one.gone = true;
        const gone = model.flatMap((one, index) => (one.gone ? [index] : []));
        expect(bench.purged()).toEqual([gone, gone, gone]);
      };
      for (const one of steps) {
        switch (one.do) {
          case 'append': {
            await bench.keeper.tick(bench.nowMs);
            floorMs = Math.max(floorMs, bench.nowMs - PUBLISHED_WITHIN_MS);
            const said = one.records.map(({ offsetDays, retention, ...rest }) => ({
              ...rest,
              saidMs: bench.nowMs + offsetDays * DAY_MS,
              ...(retention !== undefined && { retention }),
            }));
            await bench.append(said);
            for (const [i, { saidMs, actor }] of said.entries()) {
              const record = one.records[i];
              const recordedMs = Math.max(Math.min(saidMs, bench.nowMs), floorMs);
              const keepMs = (record === undefined ? 0 : keepDays(record)) * DAY_MS;
              model.push({ actor, dueMs: recordedMs + keepMs, gone: false });
            }
            break;
          }
          case 'wait':
            bench.nowMs += one.days * DAY_MS;
            break;
          case 'hold':
            held.add(one.actor);
            break;
          case 'release':
            held.delete(one.actor);
            break;
          case 'purge':
            await purge();
            break;
          case 'kill': {
            await bench.keeper.tick(bench.nowMs);
            floorMs = Math.max(floorMs, bench.nowMs - PUBLISHED_WITHIN_MS);
            bench.failAfter = one.calls;
            const holds = [...held].map((actor) => ({ id: `hold of ${actor}`, query: actor }));
            await bench.purge(holds).catch(() => undefined);
            // What was decided on is done after the next start, whatever is held by then.
            for (const index of bench.keeper.table.purgedIn(0, bench.log.length)) {
              const record = model[index];
              if (record === undefined || record.gone) continue;
              expect(record.dueMs).toBeLessThanOrEqual(bench.nowMs);
              expect(held.has(record.actor)).toBe(false);
              record.gone = true;
            }
            bench.restart();
            await purge();
            break;
          }
          case 'restart':
            // It ran until then: a long stop is another matter.
            await bench.keeper.tick(bench.nowMs);
            floorMs = Math.max(floorMs, bench.nowMs - PUBLISHED_WITHIN_MS);
            bench.restart();
        }
      }
      await purge();
      bench.keeper.close();
    }),
    { numRuns: 40 },
  );
}, 60_000);

describe('a purge', () => {
  const one = (category: string, saidMs = START_MS): Told => ({ category, actor: 'ann', saidMs });

  test('is recorded by class, with range and count, once', async () => {
    const bench = new Bench(CLASSES);
    await bench.append([one('web'), one('api'), one('web'), one('authentication')]);
    bench.nowMs += 11 * DAY_MS;
    await bench.purge();
    const drafts = bench.keeper.outbox.take(10).map(({ draft }) => draft.clear['audit']);
    expect(drafts).toMatchObject([
      { retention: { class: 'default', count: 1, first_index: 1, last_index: 1 } },
      { retention: { class: 'short', count: 2, first_index: 0, last_index: 2 } },
    ]);
    bench.restart();
    await bench.purge();
    expect(bench.keeper.outbox.size).toBe(2);
  });

  test('is counted once, also where everything that was known of it is lost', async () => {
    const bench = new Bench(CLASSES);
    await bench.append(Array.from({ length: 600 }, (_, i) => one(i % 3 === 0 ? 'api' : 'web')));
    bench.nowMs += 3 * DAY_MS;
    expect(await bench.purge()).toBe(400);
    await bench.record();
    expect(bench.recorded()).toEqual({ short: 400 });

    await bench.lose();
    await bench.append([one('web', bench.nowMs)]);
    expect(await bench.purge()).toBe(400);
    await bench.record();
    expect(bench.recorded()).toEqual({ short: 400 });

    // What comes after is counted, and what was not in a record yet as well.
    bench.nowMs += 3 * DAY_MS;
    expect(await bench.purge()).toBe(1);
    await bench.lose();
    expect(await bench.purge()).toBe(401);
    await bench.record();
    expect(bench.recorded()).toEqual({ short: 401 });
    bench.keeper.close();
  });

  test('is counted whole where a hold had kept some of its records: its own record is nothing to make up for', async () => {
    const bench = new Bench(CLASSES);
    const actors = ['ann', 'bob', 'ann', 'bob', 'ann'];
    await bench.append(actors.map((actor) => ({ category: 'web', actor, saidMs: START_MS })));
    bench.nowMs += 3 * DAY_MS;
    expect(await bench.purge([{ id: 'hold', query: 'bob' }])).toBe(3);
    await bench.record();
    expect(await bench.purge()).toBe(2);
    await bench.record();
    expect(bench.recorded()).toEqual({ short: 5 });
    bench.keeper.close();
  });

  test('is not made up for by a span that looks like the record of one', async () => {
    const bench = new Bench(CLASSES);
    await bench.append([one('web')]);
    const [record] = bench.log;
    if (record === undefined) throw new TypeError('it was appended');
    record.event.action = 'retention.purged';
    record.audit.retention = { class: 'short', count: 1, first_index: 0, last_index: 0 };
    await bench.lose();
    bench.nowMs += 3 * DAY_MS;
    expect(await bench.purge()).toBe(1);
    expect(bench.keeper.outbox.size).toBe(1);
  });

  test('is counted once: random purges, holds and losses', async () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 300 }) }) },
      { weight: 3, arbitrary: fc.record({ days: fc.integer({ min: 1, max: 8 }) }) },
      fc.record({ hold: fc.constantFrom(...ACTORS) }),
      fc.record({ release: fc.constantFrom(...ACTORS) }),
      fc.constant('record' as const),
      fc.constant('lose' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 16 }), async (actions) => {
        const bench = new Bench(CLASSES);
        const held = new Set<string>();
        const purge = async (): Promise<void> => {
          await bench.purge([...held].map((actor) => ({ id: actor, query: actor })));
        };
        for (const each of actions) {
          if (each === 'record') await bench.record();
          else if (each === 'lose') await bench.lose();
          else if ('days' in each) bench.nowMs += each.days * DAY_MS;
          else if ('hold' in each) held.add(each.hold);
          else if ('release' in each) held.delete(each.release);
          else {
            const records = Array.from({ length: each.append }, (_, i) => ({
              category: i % 5 === 0 ? 'api' : 'web',
              actor: ACTORS[i % ACTORS.length] ?? '',
              saidMs: bench.nowMs,
            }));
            await bench.append(records);
          }
          await purge();
        }
        // By then all of it is due that ever was.
        held.clear();
        bench.nowMs += 40 * DAY_MS;
        await purge();
        await bench.record();
        const sent = bench.log.filter(({ span }) => span !== undefined);
        const counts = Object.groupBy(sent, ({ event }) =>
          event.category[0] === 'web' ? 'short' : 'default',
        );
        const { short = 0, default: rest = 0 } = bench.recorded();
        expect(short).toBe(counts.short?.length ?? 0);
        // Records of purges are records too: they are of the class default, and go as well.
        const own = bench.log.length - sent.length;
        expect(rest).toBeGreaterThanOrEqual(counts.default?.length ?? 0);
        expect(rest).toBeLessThanOrEqual((counts.default?.length ?? 0) + own);
        bench.keeper.close();
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test('takes nothing while the clock was set back', async () => {
    const bench = new Bench(CLASSES);
    await bench.append([one('web')]);
    bench.nowMs -= 400 * DAY_MS;
    await bench.append([one('web', bench.nowMs)]);
    expect(await bench.purge()).toBe(0);
  });

  test('takes nothing while the clock was set forward, and believes it once it has stayed so for a day', async () => {
    const bench = new Bench(CLASSES);
    await bench.append([one('web'), one('api')]);
    await bench.keeper.tick(bench.nowMs);
    bench.nowMs += 5 * DAY_MS;
    bench.setMs += 5 * DAY_MS;
    expect(await bench.purge()).toBe(0);
    expect(bench.keeper.clockLeadMs(bench.nowMs)).toBe(5 * DAY_MS);
    // What comes meanwhile is as old as it says, and no older: neither purged early, nor kept for longer by a wrong clock.
    const setBackMs = bench.nowMs - 5 * DAY_MS;
    await bench.append([one('web', setBackMs)]);
    await bench.keeper.tick(bench.nowMs);

    // Nor is it by a start.
    bench.restart();
    expect(await bench.purge()).toBe(0);
    bench.nowMs += DAY_MS / 2;
    await bench.keeper.tick(bench.nowMs);
    expect(await bench.purge()).toBe(0);
    bench.restart();
    bench.nowMs += DAY_MS / 2 - 1;
    expect(await bench.purge()).toBe(0);
    bench.nowMs += 1;
    expect(await bench.purge()).toBe(2);
  });

  test('takes nothing by a clock that is set forward little by little, and forgives what a clock is ever wrong by', async () => {
    const bench = new Bench(CLASSES);
    await bench.append([one('web')]);
    const set = async (hours: number): Promise<number> => {
      bench.nowMs += (hours * DAY_MS) / 24;
      bench.setMs += (hours * DAY_MS) / 24;
      await bench.keeper.tick(bench.nowMs);
      return bench.keeper.clockLeadMs(bench.nowMs);
    };
    await set(0);
    for (let i = 0; i < 4; i++) expect(await set(6)).toBe(0);
    expect(await set(6)).toBe((30 * DAY_MS) / 24);
    expect(await set(30)).toBe(2.5 * DAY_MS);
    expect(await bench.purge()).toBe(0);
  });

  test('goes on where the clock is set right again, and nothing was gone by the wrong one', async () => {
    const bench = new Bench(CLASSES);
    await bench.append([one('web')]);
    await bench.keeper.tick(bench.nowMs);
    bench.nowMs += 400 * DAY_MS;
    bench.setMs += 400 * DAY_MS;
    expect(await bench.purge()).toBe(0);
    await bench.keeper.tick(bench.nowMs);
    await bench.append([{ ...one('authentication', bench.nowMs), isOwn: true }]);
    bench.nowMs -= 400 * DAY_MS;
    bench.setMs -= 400 * DAY_MS;
    await bench.append([one('web', bench.nowMs)]);
    expect(await bench.purge()).toBe(0);
    bench.nowMs += 2 * DAY_MS;
    // What was appended after the clock was set right is not kept for 400 days for that.
    expect(await bench.purge()).toBe(2);
  });

  test('does not believe a sender who says that its records are old', async () => {
    const bench = new Bench(CLASSES);
    await bench.keeper.tick(bench.nowMs);
    await bench.append([one('web', START_MS - 4000 * DAY_MS)]);
    expect(await bench.purge()).toBe(0);
    bench.nowMs += 2 * DAY_MS - PUBLISHED_WITHIN_MS - 1000;
    expect(await bench.purge()).toBe(0);
    bench.nowMs += PUBLISHED_WITHIN_MS;
    expect(await bench.purge()).toBe(1);
  });

  test('goes by the classes in force, told anew for all that was there', async () => {
    const bench = new Bench(CLASSES);
    await bench.append(Array.from({ length: 600 }, (_, i) => one(i % 2 === 0 ? 'web' : 'api')));
    bench.nowMs += 3 * DAY_MS;
    bench.restart([
      { name: 'other', keepMs: DAY_MS, match: { category: ['api'] } },
      { name: 'default', keepMs: 30 * DAY_MS },
    ]);
    expect(bench.keeper.quietUntilMs).toBe(bench.nowMs);
    // Nobody knows yet what is of which class.
    await bench.append([one('web', bench.nowMs)]);
    expect(await bench.purge()).toBe(0);
    await bench.keeper.tick(bench.nowMs);
    expect(bench.keeper.isClassed).toBe(true);
    expect(await bench.purge()).toBe(300);
    expect(bench.purged().every((place) => place.every((index) => index % 2 === 1))).toBe(true);
  });

  test('says from where on something is left', async () => {
    const bench = new Bench(CLASSES);
    await bench.append(Array.from({ length: 700 }, (_, i) => one(i === 300 ? 'authentication' : 'web')));
    bench.nowMs += 3 * DAY_MS;
    await bench.purge();
    expect(bench.keeper.table.firstKept(bench.keeper.position())).toBe(256);
    bench.nowMs += 30 * DAY_MS;
    await bench.purge();
    // The last tile is not full.
    expect(bench.keeper.table.firstKept(bench.keeper.position())).toBe(512);
  });
});
