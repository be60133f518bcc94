import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { HISTOGRAM_INTERVALS } from '../archive-types.ts';
import type { CountRequest, HistogramRequest } from '../archive-types.ts';
import { ExporterError } from '../errors.ts';

/** The longest cursor and the longest id that are looked at. */
const MAX_TOKEN_LENGTH = 512;

/** An RFC 3339 time with nine fraction digits. */
const MAX_TIME_LENGTH = 30;

/** Longer ones are refused by the query language itself, with a hint. */
const MAX_QUERY_PARAMETER_LENGTH = 8192;

/** How many at most. */
export const limitParameter: z.ZodType<number | undefined> = z
  .string()
  .regex(/^\d{1,6}$/, 'must be a whole number')
  .transform(Number)
  .optional();
/** `next` of the answer before. */
export const cursorParameter: z.ZodType<string | undefined> = z
  .string()
  .min(1)
  .max(MAX_TOKEN_LENGTH)
  .optional();
const query = z.string().max(MAX_QUERY_PARAMETER_LENGTH);

/** `GET /api/records`. */
export const searchParameters: z.ZodType<SearchParameters> = z.strictObject({
  query: query.default(''),
  limit: limitParameter,
  cursor: cursorParameter,
  order: z.enum(['asc', 'desc']).optional(),
});

/** `GET /api/records/count`. */
export const countParameters: z.ZodType<CountRequest> = z.strictObject({ query: query.default('') });

/** `GET /api/records/histogram`. */
export const histogramParameters: z.ZodType<HistogramRequest> = z.strictObject({
  query: query.default(''),
  interval: z.enum(HISTOGRAM_INTERVALS, `must be one of ${HISTOGRAM_INTERVALS.join(', ')}`),
});

/** `GET /api/sessions`. */
export const sessionsParameters: z.ZodType<SessionsParameters> = z.strictObject({
  query: query.optional(),
  limit: limitParameter,
  cursor: cursorParameter,
});

/** `GET /api/sessions/{id}`. */
export const timelineParameters: z.ZodType<TimelineParameters> = z.strictObject({
  limit: limitParameter,
  cursor: cursorParameter,
});

/** `GET /api/oidc-tokens`. */
export const tokensParameters: z.ZodType<TokensParameters> = z.strictObject({
  session: z.string().min(1).max(MAX_TOKEN_LENGTH).optional(),
  alive_at: z.string().max(MAX_TIME_LENGTH).optional(),
  limit: limitParameter,
  cursor: cursorParameter,
});

/** `GET /api/attempts`. */
export const attemptsParameters: z.ZodType<AttemptsParameters> = z.strictObject({
  query: query.optional(),
  outcome: z.enum(['success', 'failure'], 'must be success or failure').optional(),
  limit: limitParameter,
  cursor: cursorParameter,
});

/** A route that takes no parameters. */
export const noParameters: z.ZodType<object> = z.strictObject({});

/** A route with an id in its path. */
export const idParameters: z.ZodType<{ id: string }> = z.object({
  id: z.string().min(1).max(MAX_TOKEN_LENGTH),
});

interface PageParameters {
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface SearchParameters extends PageParameters {
  query: string;
  order?: 'asc' | 'desc' | undefined;
}

export interface SessionsParameters extends PageParameters {
  query?: string | undefined;
}

export type TimelineParameters = PageParameters;

export interface TokensParameters extends PageParameters {
  session?: string | undefined;
  alive_at?: string | undefined;
}

export interface AttemptsParameters extends PageParameters {
  query?: string | undefined;
  outcome?: 'failure' | 'success' | undefined;
}

/**
 * Checks what came in a request.
 *
 * @throws ExporterError `request_malformed`, naming every parameter that is wrong
 */
export function checkParameters<Checked>(schema: z.ZodType<Checked>, value: unknown): Checked {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new ExporterError('request_malformed', problems.join('; '), {
    hint: 'correct or leave out the parameters that are named',
  });
}

/** Leaves out the members that are undefined. */
export function definedOnly<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> };
export function definedOnly(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

/**
 * The body of a request that changes something. A page of another site may send a form or plain text without being
 * asked; JSON it may not.
 *
 * @throws ExporterError `request_malformed`
 */
export function jsonBody({ headers, body }: FastifyRequest): unknown {
  if (/^application\/json\b/i.test(headers['content-type'] ?? '')) return body;
  throw new ExporterError('request_malformed', 'the body must be application/json');
}
