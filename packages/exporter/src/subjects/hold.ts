import { z } from 'zod';

import type { Asker } from './erasure.ts';

/**
 * A legal hold: no record that it covers may be erased or purged. What it covers is one query, whatever it was asked
 * for by.
 */
export interface Hold {
  id: string;
  kind: 'subject' | 'session' | 'query' | 'time';
  /** What it covers, in the query language: of a subject or session by its reference. */
  query: string;
  /** `audit.actor.id` or `audit.session.id`; of a subject or session only. */
  reference?: string | undefined;
  reason: string;
  set_by: Asker;
  /** RFC 3339. */
  set_at: string;
  released_by?: Asker | undefined;
  released_at?: string | undefined;
}

const asker = z.object({ name: z.string(), role: z.string() });

/** A hold as it is stored and as the API answers it. */
export const holdSchema: z.ZodType<Hold> = z.object({
  id: z.string(),
  kind: z.enum(['subject', 'session', 'query', 'time']),
  query: z.string(),
  reference: z.string().optional(),
  reason: z.string(),
  set_by: asker,
  set_at: z.string(),
  released_by: asker.optional(),
  released_at: z.string().optional(),
});
