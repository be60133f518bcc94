import { z } from 'zod';

import { readAnswer } from './remote-privacy.ts';
import { RemoteClient, type RemoteArchiveOptions } from './remote-archive.ts';
import type { RetentionDesk, RetentionForecast, RetentionStatus } from './retention-desk-types.ts';

const count = z.number().int().nonnegative();

const statusSchema: z.ZodType<RetentionStatus> = z.object({
  classes: z.array(
    z.object({
      class: z.string(),
      keep: z.string(),
      match: z.record(z.string(), z.array(z.string())).optional(),
    }),
  ),
  running: z.boolean(),
  classed: z.boolean(),
  quiet_until: z.string().optional(),
  clock_ahead_seconds: count.optional(),
  next_due: z.string().optional(),
  minimum_index: count,
  last: z.object({ at: z.string(), purged: count }).optional(),
  trouble: z.string().optional(),
});

const forecastSchema: z.ZodType<RetentionForecast> = z.object({
  at: z.string(),
  classes: z.array(
    z.object({
      class: z.string(),
      keep_ms: z.number().nullable(),
      due: count,
      first_index: count.optional(),
      last_index: count.optional(),
      held: count,
    }),
  ),
  holds: z.array(z.object({ id: z.string(), records: count })),
});

/**
 * Asks a service about retention over HTTP. Who asks is told by the token.
 *
 * @param url - the service's address, such as `http://127.0.0.1:4319`
 * @throws TypeError when the address is not a URL
 */
export function connectRetentionDesk(url: string, options: RemoteArchiveOptions = {}): RetentionDesk {
  const client = new RemoteClient(url, options);
  return {
    async retention() {
      return readAnswer(statusSchema, await client.json('api/retention', {}));
    },
    async planRetention() {
      return readAnswer(forecastSchema, await client.json('api/retention/plan', {}));
    },
    async runRetention() {
      return readAnswer(statusSchema, await client.post('api/retention/run', {}));
    },
  };
}
