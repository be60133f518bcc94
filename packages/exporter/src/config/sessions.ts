import { z } from 'zod';
import type { SessionLimits, SessionsConfig } from '../sessions/index.ts';

const MS_PER_SECOND = 1_000;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;

const DEFAULT_IDLE_MINUTES = 30;
const DEFAULT_CLOCK_SKEW_S = 5;

/** A year: what lasts longer is no session. */
const MAX_MINUTES = 525_600;
const MAX_HOURS = 8_760;
const MAX_CLOCK_SKEW_S = 3_600;

/** Limits for some of the sessions that a file may name. */
export const MAX_SESSION_OVERRIDES = 1_000;

/** How long sessions last, as the file has it. */
interface LimitFields {
  idle_minutes?: number | undefined;
  inactivity_minutes?: number | undefined;
  absolute_hours?: number | undefined;
}

/** `sessions` as the file has it. */
export interface SessionsFields extends LimitFields {
  clock_skew_seconds?: number | undefined;
  overrides?: (LimitFields & { issuer?: string | undefined; client?: string | undefined })[] | undefined;
}

const limits = {
  idle_minutes: length(MAX_MINUTES, 'minutes'),
  inactivity_minutes: length(MAX_MINUTES, 'minutes'),
  absolute_hours: length(MAX_HOURS, 'hours'),
};

/** `sessions` of the configuration file. */
export const sessionsSchema: z.ZodOptional<z.ZodType<SessionsFields>> = z
  .strictObject({
    ...limits,
    clock_skew_seconds: z
      .number('must be a number of seconds')
      .min(0, 'must be at least 0')
      .max(MAX_CLOCK_SKEW_S, `must be at most ${MAX_CLOCK_SKEW_S}`)
      .optional(),
    overrides: z
      .array(
        z
          .strictObject({
            issuer: z.string().min(1, 'must be the iss claim of the issuer’s tokens').optional(),
            client: z.string().min(1, 'must be a client id').optional(),
            ...limits,
          })
          .refine(
            ({ issuer, client }) => issuer !== undefined || client !== undefined,
            'must name an issuer, a client or both',
          ),
        'must be a list',
      )
      .max(MAX_SESSION_OVERRIDES, `must be at most ${MAX_SESSION_OVERRIDES}`)
      .optional(),
  })
  .optional();

/** Completes what the file says of sessions: an override says only what is different. */
export function readSessions(fields: SessionsFields = {}): SessionsConfig {
  const { clock_skew_seconds: skew = DEFAULT_CLOCK_SKEW_S, overrides = [] } = fields;
  return {
    limits: readLimits(fields),
    overrides: overrides.map((override) => ({
      issuer: override.issuer,
      client: override.client,
      limits: readLimits({
        idle_minutes: override.idle_minutes ?? fields.idle_minutes,
        inactivity_minutes: override.inactivity_minutes ?? fields.inactivity_minutes,
        absolute_hours: override.absolute_hours ?? fields.absolute_hours,
      }),
    })),
    clockSkewMs: skew * MS_PER_SECOND,
  };
}

function readLimits(fields: LimitFields): SessionLimits {
  const {
    idle_minutes: idle = DEFAULT_IDLE_MINUTES,
    inactivity_minutes: inactivity,
    absolute_hours: absolute,
  } = fields;
  return {
    idleMs: idle * MS_PER_MINUTE,
    inactivityMs: inactivity === undefined ? undefined : inactivity * MS_PER_MINUTE,
    absoluteMs: absolute === undefined ? undefined : absolute * MS_PER_HOUR,
  };
}

function length(max: number, unit: string): z.ZodOptional<z.ZodNumber> {
  return z
    .number(`must be a number of ${unit}`)
    .positive('must be above 0')
    .max(max, `must be at most ${max}`)
    .optional();
}
