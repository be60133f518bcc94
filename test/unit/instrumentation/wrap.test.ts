import { describe, expect, test } from 'vitest';
import { rejectionReason } from '../../../packages/instrumentation/src/libraries/jose/hooks.ts';
import { RequiredFile } from '../../../packages/instrumentation/src/libraries/loaded-file.ts';
import {
  MODULE_EXPORTS,
  wrapExport,
  wrapFactory,
  wrapFunction,
  wrapMethod,
} from '../../../packages/instrumentation/src/libraries/wrap.ts';

function recording(): {
  seen: unknown[];
  observe: () => { succeeded(value: unknown): void; failed(error: unknown): void };
} {
  const seen: unknown[] = [];
  return {
    seen,
    observe: () => ({
      succeeded: (value) => seen.push(['ok', value]),
      failed: (error) => seen.push(['failed', error]),
    }),
  };
}

const broken = (): never => {
  throw new Error('our bug');
};

describe('a wrapped function', () => {
  test('returns, throws and rejects what the original does', async () => {
    const { seen, observe } = recording();
    const error = new Error('theirs');
    const call = (original: () => unknown): unknown => wrapFunction(original, 'TEST', observe)();
    expect(call(() => 5)).toBe(5);
    expect(() =>
      call(() => {
        throw error;
      }),
    ).toThrow(error);
    await expect(call(() => Promise.resolve('later'))).resolves.toBe('later');
    await expect(call(() => Promise.reject(error))).rejects.toBe(error);
    expect(seen).toEqual([
      ['ok', 5],
      ['failed', error],
      ['ok', 'later'],
      ['failed', error],
    ]);
  });

  test('is told before the application goes on', async () => {
    const order: string[] = [];
    const wrapped = wrapFunction(
      () => Promise.resolve(),
      'TEST',
      () => ({
        succeeded: () => order.push('observer'),
        failed: () => undefined,
      }),
    );
    await Promise.resolve(wrapped()).then(() => order.push('application'));
    expect(order).toEqual(['observer', 'application']);
  });

  test('passes this and arguments on, and looks like the original', () => {
    const original = Object.assign(
      function verify(this: unknown, ...args: unknown[]) {
        return [this, ...args];
      },
      { extra: 1 },
    );
    const wrapped = wrapFunction(original, 'TEST', recording().observe);
    const self = {};
    expect(Reflect.apply(wrapped, self, [1, 2])).toEqual([self, 1, 2]);
    expect(wrapped.name).toBe('verify');
    expect(wrapped).toHaveLength(0);
    expect(wrapped).toHaveProperty('extra', 1);
    const later = wrapFunction(async () => Promise.resolve(), 'TEST', recording().observe);
    expect(later.constructor.name).toBe('AsyncFunction');
  });

  test.each([
    ['beginning', broken],
    ['success', () => ({ succeeded: broken, failed: () => undefined })],
    ['failure', () => ({ succeeded: () => undefined, failed: broken })],
  ])('is not disturbed by an observer that throws: %s', async (_when, observe) => {
    const theirs = new Error('theirs');
    expect(wrapFunction(() => 5, 'TEST', observe)()).toBe(5);
    await expect(wrapFunction(() => Promise.resolve(6), 'TEST', observe)()).resolves.toBe(6);
    await expect(wrapFunction(() => Promise.reject(theirs), 'TEST', observe)()).rejects.toBe(theirs);
  });

  test('tells what a callback is given, once, and nothing of the call itself', () => {
    const { seen, observe } = recording();
    const order: unknown[] = [];
    const original = (value: unknown, callback: (error: unknown, result: unknown) => void): string => {
      callback(value === 'bad' ? new Error('theirs') : null, value);
      return 'returned';
    };
    const wrapped = wrapFunction((...args) => Reflect.apply(original, undefined, args), 'TEST', observe, {
      callback: true,
    });
    const callback = (...args: unknown[]): number => order.push(args.length);
    expect(wrapped('good', callback)).toBe('returned');
    expect(wrapped('bad', callback)).toBe('returned');
    expect(order).toEqual([2, 2]);
    expect(seen).toEqual([
      ['ok', 'good'],
      ['failed', new Error('theirs')],
    ]);
  });

  test('with a callback that throws has not failed', () => {
    const { seen, observe } = recording();
    const theirs = new Error('theirs');
    const original = (callback: (error: unknown, result: unknown) => void): void => {
      callback(null, 1);
    };
    const wrapped = wrapFunction((...args) => Reflect.apply(original, undefined, args), 'TEST', observe, {
      callback: true,
    });
    expect(() =>
      wrapped(() => {
        throw theirs;
      }, undefined),
    ).toThrow(theirs);
    expect(seen).toEqual([['ok', 1]]);
  });

  test('with a callback fails where its promise is rejected before', async () => {
    const { seen, observe } = recording();
    const theirs = new Error('theirs');
    const next = (): void => undefined;
    const wrapped = wrapFunction(() => Promise.reject(theirs), 'TEST', observe, { callback: true });
    await expect(wrapped(next)).rejects.toBe(theirs);
    expect(seen).toEqual([['failed', theirs]]);
    const later = wrapFunction(
      (callback) => {
        if (typeof callback === 'function') callback();
        return Promise.reject(theirs);
      },
      'TEST',
      observe,
      { callback: true },
    );
    await expect(later(next)).rejects.toBe(theirs);
    expect(seen).toEqual([
      ['failed', theirs],
      ['ok', undefined],
    ]);
  });

  test('of which nobody wants to know is called as it is', () => {
    const callback = (): void => undefined;
    const wrapped = wrapFunction(
      (...args) => args,
      'TEST',
      () => undefined,
      { callback: true },
    );
    expect(wrapped(1, callback)).toEqual([1, callback]);
  });
});

test('a factory makes observed functions that look like what it made, and other things as they are', () => {
  const { seen, observe } = recording();
  const made = Object.assign((value: unknown) => value, { unless: 1 });
  const module: { exports: unknown } = { exports: (what: unknown) => (what === 'function' ? made : what) };
  const given: unknown[] = [];
  const identity = { library: 'lib', version: '1.2.3', path: 'lib/index.js' };
  wrapFactory(new RequiredFile(identity, module), MODULE_EXPORTS, (args) => {
    given.push(args);
    return observe;
  });
  const { exports: factory } = module;
  if (typeof factory !== 'function') throw new Error('not a function');
  expect(factory('else')).toBe('else');
  const product: unknown = factory('function');
  if (typeof product !== 'function') throw new Error('not a function');
  expect(product).not.toBe(made);
  expect([product(7), Reflect.get(product, 'unless'), product.length]).toEqual([7, 1, 1]);
  expect([seen, given]).toEqual([[['ok', 7]], [['function']]]);
});

describe('an export', () => {
  const identity = { library: 'lib', version: '1.2.3', path: 'lib/index.js' };
  const { observe } = recording();
  const wrapped = { f: wrapFunction(() => 1, 'TEST', observe) };

  test.each([
    ['plain', () => ({ f: () => 1 })],
    ['a getter', () => Object.defineProperty({}, 'f', { get: () => () => 1, configurable: true })],
    ['a getter for good', () => Object.defineProperty({}, 'f', { get: () => () => 1, enumerable: true })],
    ['frozen', () => Object.freeze({ f: () => 1 })],
    ['of a function', () => Object.assign(() => 2, { f: () => 1 })],
  ])('is replaced where it is %s, and works', (_what, make) => {
    const module: { exports: unknown } = { exports: make() };
    const before = Reflect.get(Object(module.exports), 'f');
    const { seen, observe: observeThis } = recording();
    wrapExport(new RequiredFile(identity, module), 'f', observeThis);
    const after: unknown = Reflect.get(Object(module.exports), 'f');
    expect(after).not.toBe(before);
    if (typeof after !== 'function') throw new Error('not a function');
    expect(after()).toBe(1);
    expect(seen).toEqual([['ok', 1]]);
  });

  test('of a namespace is replaced in a copy that has all the rest', async () => {
    const namespace = await import('node:path');
    const module: { exports: unknown } = { exports: namespace };
    wrapExport(new RequiredFile(identity, module), 'join', observe);
    expect(module.exports).not.toBe(namespace);
    expect(Object.keys(Object(module.exports)).toSorted()).toEqual(Object.keys(namespace).toSorted());
    // The tag of namespaces is no member of theirs.
    expect(Object.getOwnPropertySymbols({ ...Object(module.exports) })).toEqual([]);
    const same = (name: string): boolean =>
      Reflect.get(Object(module.exports), name) === Reflect.get(namespace, name);
    expect([same('resolve'), same('sep'), same('join')]).toEqual([true, true, false]);
  });

  test('of a frozen function is left alone, and the function can be called', () => {
    const frozen = Object.freeze(Object.assign(() => 2, { f: () => 1 }));
    const module: { exports: unknown } = { exports: frozen };
    expect(() => {
      wrapExport(new RequiredFile(identity, module), 'f', observe);
    }).toThrow(TypeError);
    expect(module.exports).toBe(frozen);
  });

  test('is one function, whichever of two files that export it is asked', () => {
    const f = (): number => 1;
    const modules = [{ exports: { f } }, { exports: { f } }];
    for (const module of modules) wrapExport(new RequiredFile(identity, module), 'f', observe);
    const [one, other] = modules;
    expect(one?.exports.f).not.toBe(f);
    expect(one?.exports.f).toBe(other?.exports.f);
    // Another hook of the same function is its own.
    const third = { exports: { f } };
    wrapExport(new RequiredFile(identity, third), 'f', recording().observe);
    expect(third.exports.f).not.toBe(one?.exports.f);
  });

  test('is not wrapped again when another module re-exports it', () => {
    const module: { exports: unknown } = { exports: { ...wrapped } };
    wrapExport(new RequiredFile(identity, module), 'f', observe);
    expect(module.exports).toEqual(wrapped);
    wrapMethod(new RequiredFile(identity, module), module.exports, 'f', observe);
    expect(module.exports).toEqual(wrapped);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['number', 5],
    ['empty', {}],
    ['text', { text: 'no function' }],
    ['frozen', Object.freeze([])],
  ])('that is not there is told once and disturbs nothing: %s', async (name, exports) => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): number => warnings.push(message);
    process.on('warning', listen);
    const module: { exports: unknown } = { exports };
    for (let round = 0; round < 2; round++) {
      wrapExport(new RequiredFile(identity, module), name, observe);
      wrapMethod(new RequiredFile(identity, module), exports, name, observe);
    }
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(module.exports).toBe(exports);
    expect(warnings.filter((warning) => warning.includes(` ${name} in `))).toEqual([
      `Spanledger does not find ${name} in lib/index.js of lib 1.2.3. What it does is not recorded.`,
    ]);
  });
});

test.each([
  [{ code: 'ERR_JWT_EXPIRED' }, 'expired'],
  [{ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud' }, 'wrong_audience'],
  [{ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'toString' }, 'invalid_claim'],
  [{ code: 'ERR_JWKS_TIMEOUT' }, 'keys_unavailable'],
  [{ code: 'constructor' }, 'other'],
  [new TypeError('x'), 'other'],
  [undefined, 'other'],
])('the reason in %j is %s', (error, reason) => {
  expect(rejectionReason(error)).toBe(reason);
});
