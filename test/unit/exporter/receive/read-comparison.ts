import { expect } from 'vitest';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';
import type { IntakeWay } from './intake-way.ts';

/** What came of a request: its records, or what was said against it. */
export type Read = ReturnType<IntakeWay['read']> | string;

/** What came of it; of a refusal, which has to be one of a request, what `describe` says. */
export function settle<Result>(
  work: () => Result,
  describe: (error: ExporterError) => string,
): Result | string {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExporterError)) throw error;
    expect(error.code).toMatch(/^request_(malformed|too_large)$/);
    return describe(error);
  }
}

/** Whether two ways made the same of a request, byte for byte. */
export function isSame(one: Read, other: Read): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return (
    one.count === other.count &&
    Buffer.compare(one.bytes, other.bytes) === 0 &&
    Buffer.compare(one.openings, other.openings) === 0
  );
}
