import type { GroupContext } from './group-context.ts';

/** A span that a template can write. */
export interface KnownSpan {
  /** `audit.record.id`. */
  id: string;
  producer?: { streamId: string; number: number };
}

/** @param number - the producer's; 0 where there is none */
export function asKnown(id: string, { streamId }: GroupContext, number: number): KnownSpan {
  return number === 0 ? { id } : { id, producer: { streamId, number } };
}
