import { describe, expect, test } from 'vitest';
import type { Library } from '../../../packages/instrumentation/src/libraries/library.ts';
import { replacementsFor, wrapFunction } from '../../../packages/instrumentation/src/libraries/wrap.ts';
import { rejectionReason } from '../../../packages/instrumentation/src/libraries/jose/rejection.ts';

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

  test('is not wrapped again when another module re-exports it', () => {
    const library: Library = {
      name: 'lib',
      versions: '1',
      files: [],
      entryFiles: [],
      hooks: { f: recording().observe, absent: recording().observe },
    };
    const exported: Record<string, unknown> = { f: () => 1, g: () => 2 };
    const replacements = replacementsFor(library, exported);
    expect([...replacements.keys()]).toEqual(['f']);
    expect(replacementsFor(library, { f: replacements.get('f') }).size).toBe(0);
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
