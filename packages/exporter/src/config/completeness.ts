import { z } from 'zod';

const MAX_GRACE_S = 86_400;
const DEFAULT_GRACE_S = 120;
const MAX_SILENCE_MINUTES = 10_080;
const DEFAULT_SILENCE_MINUTES = 60;
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;

/** `completeness` as the file has it. */
export interface CompletenessFields {
  grace_seconds?: number | undefined;
  silence_minutes?: number | undefined;
}

/** How long to wait before something that is not there counts as missing. */
export interface CompletenessConfig {
  /** How long a hole in a producer's numbers may wait for a late arrival, in milliseconds. */
  graceMs: number;
  /** How long a producer that has not ended may say nothing, in milliseconds; 0: for ever. */
  silenceMs: number;
}

/** `completeness` of the configuration file. */
export const completenessSchema: z.ZodOptional<z.ZodType<CompletenessFields>> = z
  .strictObject({
    grace_seconds: z
      .number('must be a number of seconds')
      .min(0, 'must be at least 0')
      .max(MAX_GRACE_S, `must be at most ${MAX_GRACE_S}`)
      .optional(),
    silence_minutes: z
      .number('must be a number of minutes, or 0 to let producers be silent')
      .min(0, 'must be at least 0, which lets producers be silent')
      .max(MAX_SILENCE_MINUTES, `must be at most ${MAX_SILENCE_MINUTES}`)
      .optional(),
  })
  .optional();

/** Completes what the file says. */
export function readCompletenessConfig({
  grace_seconds: grace = DEFAULT_GRACE_S,
  silence_minutes: silence = DEFAULT_SILENCE_MINUTES,
}: CompletenessFields = {}): CompletenessConfig {
  return { graceMs: grace * MS_PER_SECOND, silenceMs: silence * MS_PER_MINUTE };
}
