import type { JsonObject } from '@spanledger/record';
import { z } from 'zod';

import type { SessionCompletenessAnswer } from './archive-types.ts';
import { ExporterError } from './errors.ts';

const count = z.number().int().min(0);

const answerSchema: z.ZodType<SessionCompletenessAnswer> = z.object({
  session: z.string(),
  complete: z.boolean(),
  producers: z.array(
    z.object({
      stream_id: z.string(),
      service: z.string().exactOptional(),
      first: count,
      last: count,
      records: count,
      tail: z.enum(['continued', 'ended', 'open', 'silent', 'unknown']),
      holes: z.array(
        z.object({
          from: count,
          to: count,
          explained: z
            .object({ by: z.enum(['lost', 'noticed']), reason: z.string().exactOptional(), index: count })
            .exactOptional(),
        }),
      ),
      exact: z.boolean(),
    }),
  ),
  unnumbered: count,
  position: count,
});

/** @throws ExporterError `archive_refused` when the answer has another shape */
export function readCompleteness(answer: JsonObject): SessionCompletenessAnswer {
  const result = answerSchema.safeParse(answer);
  if (result.success) return result.data;
  const name = result.error.issues[0]?.path.join('.') ?? '';
  throw new ExporterError('archive_refused', `The service answers without a usable '${name}'`, {
    hint: 'is this the address of a Spanledger service, and of this version?',
  });
}
