import { isJsonObject } from '@spanledger/record';
import type { JsonValue } from '@spanledger/record';

/** An own member of an object; undefined of anything else. */
export function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A text that is not empty. */
export function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
