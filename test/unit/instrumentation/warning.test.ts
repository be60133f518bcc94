import { expect, test } from 'vitest';
import { describeError, guarded } from '../../../packages/instrumentation/src/warning.ts';

/** Throws anything, also what is no error. */
function throwAnything(value: unknown): void {
  AbortSignal.abort(value).throwIfAborted();
}

/** Nothing can be done with it, not even asking what it is. */
function hostileObject(): object {
  const refuse = (): never => {
    throwAnything(hostile);
    throw new Error('never');
  };
  const hostile: object = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse });
  return hostile;
}

test('whatever is thrown in our work ends in it', () => {
  for (const thrown of [null, 'text', Symbol('s'), new Error('e'), hostileObject()]) {
    let caught: unknown = 'nothing';
    try {
      guarded('TEST', () => {
        throwAnything(thrown);
      });
    } catch (error) {
      caught = error;
    }
    expect(caught === 'nothing').toBe(true);
  }
});

test('an error is described without its message', () => {
  expect(describeError(Object.assign(new RangeError('secret'), { code: 'ERR_X' }))).toBe('RangeError ERR_X');
  expect(describeError(new TypeError('secret'))).toBe('TypeError');
  expect(describeError('secret')).toBe('unknown error');
  expect(describeError(hostileObject())).toBe('unknown error');
});
