import type { OtlpAttributes } from '../span.ts';
import { CLEAR_LIMITS, COMMITTED_LIMITS, shapeValue } from './values.ts';

const ignoreCut = (): void => {
  // Where the value is placed, the cut is noted.
};

/** An attribute that must be a word to stand in the clear; undefined where it is absent or something else. */
export function readWord(attributes: OtlpAttributes, key: string): string | undefined {
  const value = attributes.get(key);
  const word = value === undefined ? undefined : shapeValue(value, 'word', CLEAR_LIMITS, ignoreCut);
  return typeof word === 'string' ? word : undefined;
}

/** An attribute that is to stand in the clear, as text; undefined where it is absent, empty or no scalar. */
export function readText(attributes: OtlpAttributes, key: string): string | undefined {
  return text(attributes, key, CLEAR_LIMITS);
}

/** An attribute that is to be committed, as text; undefined where it is absent, empty or no scalar. */
export function readCommittedText(attributes: OtlpAttributes, key: string): string | undefined {
  return text(attributes, key, COMMITTED_LIMITS);
}

/** An attribute as an integer of 16 bits; undefined where it is absent or something else. */
export function readShort(attributes: OtlpAttributes, key: string): number | undefined {
  const value = attributes.get(key);
  const integer = value === undefined ? undefined : shapeValue(value, 'short', CLEAR_LIMITS, ignoreCut);
  return typeof integer === 'number' ? integer : undefined;
}

function text(attributes: OtlpAttributes, key: string, limits: typeof CLEAR_LIMITS): string | undefined {
  const value = attributes.get(key);
  if (value === undefined || value === null) return undefined;
  const shaped = shapeValue(value, 'text', limits, ignoreCut);
  return typeof shaped === 'string' && shaped !== '' ? shaped : undefined;
}
