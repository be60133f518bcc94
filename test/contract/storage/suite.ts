import { isDeepStrictEqual } from 'node:util';
import type { Storage, WritableStorage } from '@spanledger/ledger';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

/** Names that no storage has: they would escape, hide, or not be the same everywhere. */
const BAD_NAMES = [
  '',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/..',
  'a/./b',
  '/a',
  '/etc/passwd',
  'a/',
  'a//b',
  '.hidden',
  'a/.staging/0',
  '.staging/0',
  'a\0b',
  'a\0',
  'a\nb',
  'a b',
  'a\\b',
  'C:a',
  'A',
  'Checkpoint',
  'é',
  '-a',
  '%2e%2e/a',
  'a'.repeat(256),
  `${'a/'.repeat(127)}ab`,
];

const GOOD_NAMES = [
  'a',
  '0',
  'ledger/checkpoint',
  'ledger/tile/0/x001/234.p/12',
  'journal/00000000000000000000.segment',
  'a-b_c.d',
  'a..b',
  'a'.repeat(255),
  `${'a/'.repeat(127)}a`,
];

/** What a storage holds, as far as it can be seen. */
type Model = Map<string, Buffer>;

type Operation =
  | { kind: 'put'; files: { name: string; bytes: Uint8Array }[] }
  | { kind: 'append'; name: string; position: number; buffers: Uint8Array[] }
  | { kind: 'remove'; names: string[] }
  | { kind: 'reopen' };

/** Few enough that operations meet; as folders and files of different depth. */
const NAMES = ['a', 'b', 'c/d', 'c/e', 'f/g/h', 'f/g/i', 'f/j/k.p/1', 'f/j/k.p/2', 'f/j/l'];

const name = fc.constantFrom(...NAMES);
const bytes = fc.uint8Array({ maxLength: 2000 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    files: fc.uniqueArray(fc.record({ name, bytes }), { maxLength: 6, selector: (file) => file.name }),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    name,
    position: fc.oneof(fc.constant(0), fc.nat({ max: 3000 })),
    buffers: fc.array(bytes, { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), names: fc.uniqueArray(name, { maxLength: 5 }) }),
  fc.record({ kind: fc.constant('reopen' as const) }),
);

function modelRead(model: Model, file: string, start: number, end: number): Buffer | undefined {
  return model.get(file)?.subarray(start, Math.max(start, end));
}

function modelList(model: Model, folder: string): string[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const found = [...model.keys()]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .map((rest) => (rest.includes('/') ? rest.slice(0, rest.indexOf('/') + 1) : rest));
  return [...new Set(found)].sort();
}

/** Does to the model what an operation has to do; false if it has to be refused. */
function applyTo(model: Model, step: Operation): boolean {
  if (step.kind === 'put') {
    for (const { name: file, bytes: content } of step.files) model.set(file, Buffer.from(content));
  } else if (step.kind === 'remove') {
    for (const file of step.names) model.delete(file);
  } else if (step.kind === 'append') {
    const before = model.get(step.name) ?? Buffer.alloc(0);
    if (step.position > before.length) return false;
    model.set(step.name, Buffer.concat([before.subarray(0, step.position), ...step.buffers]));
  }
  return true;
}

async function perform(storage: WritableStorage, step: Operation): Promise<void> {
  if (step.kind === 'put') await storage.put(step.files);
  if (step.kind === 'append') await storage.append(step.name, step.position, step.buffers);
  if (step.kind === 'remove') await storage.remove(step.names);
}

/** The names in a folder, without the lock's own at the top, and the folders that may stay there empty. */
async function listed(storage: Storage, folder: string): Promise<string[]> {
  const names = await storage.list(folder);
  const kept = folder === '' ? names.filter((entry) => !/^(?:state|c|f)\/$/.test(entry)) : names;
  return kept.sort();
}

async function expectSame(storage: Storage, model: Model): Promise<void> {
  for (const file of NAMES) {
    expect(await storage.read(file)).toEqual(model.get(file));
    for (const [start, end] of [
      [0, 10],
      [5, Infinity],
      [1990, 2010],
      [0, 0],
      [100, 50],
      [9000, 9001],
    ] as const) {
      const range = { start, end };
      expect(await storage.read(file, range), `${file} ${start}-${end}`).toEqual(
        modelRead(model, file, start, end),
      );
    }
  }
  for (const folder of ['c', 'f', 'f/g', 'f/j', 'f/j/k.p', 'nothing']) {
    expect(await listed(storage, folder), folder).toEqual(modelList(model, folder));
  }
  const top = modelList(model, '').filter((entry) => !entry.endsWith('/'));
  expect(await listed(storage, '')).toEqual(top);
}

/**
 * What every driver has to do.
 *
 * @param makeStorage an empty storage of its own for a test
 */
export function describeStorage(driver: string, makeStorage: () => Promise<Storage>): void {
  async function opened(): Promise<{ storage: Storage; writable: WritableStorage }> {
    const storage = await makeStorage();
    const writable = await storage.lock('a test');
    onTestFinished(() => writable.release());
    return { storage, writable };
  }

  describe(`storage: ${driver}`, () => {
    test('room that is left behind what was appended is zeros, no more than was allowed, and goes when it is not', async () => {
      const step = fc.record({
        back: fc.nat({ max: 500 }),
        content: bytes,
        roomBytes: fc.constantFrom(0, 100, 4000),
        isAlone: fc.boolean(),
        isReopened: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const storage = await makeStorage();
          let writable = await storage.lock('a test');
          try {
            let model = Buffer.alloc(0);
            let maxRoomBytes = 0;
            for (const { back, content, roomBytes, isAlone, isReopened } of steps) {
              if (isReopened) {
                await writable.release();
                writable = await storage.lock('a test');
              }
              const position = Math.max(0, model.length - back);
              await writable.append('a', position, [content], roomBytes, isAlone);
              model = Buffer.concat([model.subarray(0, position), content]);
              maxRoomBytes = roomBytes === 0 ? 0 : Math.max(maxRoomBytes, roomBytes);
              const read = (await storage.read('a')) ?? Buffer.alloc(0);
              expect(read.subarray(0, model.length)).toEqual(model);
              expect(read.length - model.length).toBeLessThanOrEqual(maxRoomBytes);
              expect(read.subarray(model.length).every((byte) => byte === 0)).toBe(true);
            }
          } finally {
            await writable.release();
          }
        }),
        { numRuns: 50 },
      );
    });

    test('does what a map of names would, whatever comes after what', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (steps) => {
          const storage = await makeStorage();
          const model: Model = new Map();
          let writable = await storage.lock('a test');
          try {
            for (const step of steps) {
              if (step.kind === 'reopen') {
                await writable.release();
                writable = await storage.lock('a test');
              }
              const isAllowed = applyTo(model, step);
              const outcome = await perform(writable, step).then(
                () => true,
                () => false,
              );
              expect(outcome, JSON.stringify(step)).toBe(isAllowed);
            }
            await expectSame(storage, model);
          } finally {
            await writable.release();
          }
        }),
        { numRuns: 60 },
      );
    }, 60_000);

    test.each(GOOD_NAMES)('can have a file named %j', async (good) => {
      const { storage, writable } = await opened();
      await writable.put([{ name: good, bytes: Buffer.from('one') }]);
      expect((await storage.read(good))?.toString()).toBe('one');
      await writable.append(good, 3, [Buffer.from(' two')]);
      expect((await storage.read(good))?.toString()).toBe('one two');
      await writable.remove([good]);
      expect(await storage.read(good)).toBeUndefined();
    });

    test.each(BAD_NAMES)('refuses the name %j, and does nothing else of the call', async (bad) => {
      const { storage, writable } = await opened();
      const before = await storage.list('');
      const content = Buffer.from('content');
      await expect(storage.read(bad)).rejects.toBeInstanceOf(TypeError);
      if (bad !== '') await expect(storage.list(bad)).rejects.toBeInstanceOf(TypeError);
      const files = ['first', bad].map((file) => ({ name: file, bytes: content }));
      await expect(writable.put(files)).rejects.toBeInstanceOf(TypeError);
      await expect(writable.append(bad, 0, [content])).rejects.toBeInstanceOf(TypeError);
      await writable.put([{ name: 'kept', bytes: content }]);
      await expect(writable.remove(['kept', bad])).rejects.toBeInstanceOf(TypeError);
      expect((await storage.list('')).sort()).toEqual([...before, 'kept'].sort());
    });

    test('what was read stays as it was', async () => {
      const { storage, writable } = await opened();
      await writable.append('log', 0, [Buffer.from('before')]);
      const [whole, part] = [await storage.read('log'), await storage.read('log', { start: 0, end: 3 })];
      await writable.append('log', 0, [Buffer.from('after!')]);
      expect([whole?.toString(), part?.toString()]).toEqual(['before', 'bef']);
    });

    test('what was given may be used again once the call has settled', async () => {
      const { storage, writable } = await opened();
      const given = Buffer.from('given');
      await writable.put([{ name: 'put', bytes: given }]);
      await writable.append('appended', 0, [given, given]);
      given.fill(0);
      expect((await storage.read('put'))?.toString()).toBe('given');
      expect((await storage.read('appended'))?.toString()).toBe('givengiven');
    });

    test('an append beyond the end is refused, and leaves the file alone', async () => {
      const { storage, writable } = await opened();
      await expect(writable.append('log', 1, [Buffer.from('x')])).rejects.toThrow();
      expect(await storage.read('log')).toBeUndefined();
      await writable.append('log', 0, [Buffer.from('four')]);
      await expect(writable.append('log', 5, [Buffer.from('x')])).rejects.toThrow(
        /nothing can be appended at 5/,
      );
      expect((await storage.read('log'))?.toString()).toBe('four');
      await writable.append('log', 4, [Buffer.from(' more')]);
      expect((await storage.read('log'))?.toString()).toBe('four more');
    });

    test('a file that was put, or removed, meanwhile is the one that is appended to', async () => {
      const { storage, writable } = await opened();
      await writable.append('log', 0, [Buffer.from('first')]);
      await writable.put([{ name: 'log', bytes: Buffer.from('second') }]);
      await writable.append('log', 6, [Buffer.from('!')]);
      expect((await storage.read('log'))?.toString()).toBe('second!');
      await writable.remove(['log']);
      await expect(writable.append('log', 7, [Buffer.from('x')])).rejects.toThrow();
      await writable.append('log', 0, [Buffer.from('third')]);
      expect((await storage.read('log'))?.toString()).toBe('third');
    });

    test('calls about different names may overlap', async () => {
      const { storage, writable } = await opened();
      const names = Array.from({ length: 40 }, (_, i) => `f${i % 5}/g${i % 3}/h${i}.p/1`);
      await Promise.all(names.map((file) => writable.put([{ name: file, bytes: Buffer.from(file) }])));
      await Promise.all(
        names.map((file, i) =>
          i % 2 === 0 ? writable.remove([file]) : writable.append(file, file.length, [Buffer.from('+')]),
        ),
      );
      const contents = await Promise.all(names.map((file) => storage.read(file)));
      const expected = names.map((file, i) => (i % 2 === 0 ? undefined : Buffer.from(`${file}+`)));
      expect(isDeepStrictEqual(contents, expected)).toBe(true);
    });

    test('a folder may get empty, and be filled, at the same time', async () => {
      const { storage, writable } = await opened();
      for (let round = 0; round < 50; round++) {
        const [old, put, appended] = ['old', 'put', 'appended'].map((kind) => `a/b/c/${kind}${round}`);
        if (old === undefined || put === undefined || appended === undefined) throw new Error('three names');
        await writable.put([{ name: old, bytes: Buffer.from('old') }]);
        await Promise.all([
          writable.remove([old]),
          writable.put([{ name: put, bytes: Buffer.from('put') }]),
          writable.append(appended, 0, [Buffer.from('appended')]),
        ]);
        expect((await storage.list('a/b/c')).sort()).toEqual([`appended${round}`, `put${round}`]);
        await writable.remove([put, appended]);
        expect(await storage.list('a')).toEqual([]);
      }
    });

    test('one may write, and others read; the second is refused by name and pid, until the first lets go', async () => {
      const storage = await makeStorage();
      const first = await storage.lock('The first');
      await first.put([{ name: 'a', bytes: Buffer.from('a') }]);
      await expect(storage.lock('The second')).rejects.toMatchObject({
        code: 'ledger_locked',
        message: `The first is already being written by process ${process.pid}`,
        hint: expect.any(String),
      });
      expect((await storage.read('a'))?.toString()).toBe('a');
      await first.append('a', 1, [Buffer.from('b')]);
      await first.release();
      const second = await storage.lock('The second');
      await expect(storage.lock('The third')).rejects.toMatchObject({
        message: expect.stringContaining('The second'),
      });
      await second.append('a', 2, [Buffer.from('c')]);
      expect((await storage.read('a'))?.toString()).toBe('abc');
      await second.release();
    });
  });
}
