import { resolve } from 'node:path';
import { z } from 'zod';
import type { PollConfig, SharedSignalsConfig, VerificationConfig } from '../signals/index.ts';

const MAX_ISSUERS = 64;
const MAX_NAME_LENGTH = 255;
const MAX_SECONDS = 86_400;
const MAX_MINUTES = 10_080;
const DEFAULT_VERIFICATION_MINUTES = 60;

/** `ssf` of a provider, as the file has it. */
export interface SharedSignalsFields {
  subject_issuers?: string[] | undefined;
  push?: { authorization_file?: string | undefined } | undefined;
  poll?: { url: string; token_file?: string | undefined; every_seconds?: number | undefined } | undefined;
  verification?:
    | {
        url: string;
        stream_id: string;
        token_file?: string | undefined;
        every_minutes?: number | undefined;
      }
    | undefined;
}

const url = z.url({ protocol: /^https?$/, error: 'must be a URL, e.g. https://sso.example.com/ssf/poll' });
const file = z.string().min(1, 'must name a file').optional();

/** `providers[].ssf` of the configuration file. */
export const sharedSignalsSchema: z.ZodOptional<z.ZodType<SharedSignalsFields>> = z
  .strictObject({
    subject_issuers: z
      .array(z.url('must be the iss of subjects, a URL'), 'must be a list of issuers')
      .max(MAX_ISSUERS, `must name at most ${MAX_ISSUERS} issuers`)
      .optional(),
    push: z
      .strictObject({ authorization_file: file }, 'must be a mapping, {} where no header is asked for')
      .optional(),
    poll: z
      .strictObject({
        url,
        token_file: file,
        every_seconds: z
          .number('must be a number of seconds')
          .min(1, 'must be at least 1')
          .max(MAX_SECONDS, `must be at most ${MAX_SECONDS}`)
          .optional(),
      })
      .optional(),
    verification: z
      .strictObject({
        url,
        stream_id: z
          .string()
          .min(1, 'must not be empty')
          .max(MAX_NAME_LENGTH, `must have at most ${MAX_NAME_LENGTH} characters`),
        token_file: file,
        every_minutes: z
          .number('must be a number of minutes')
          .positive('must be above 0')
          .max(MAX_MINUTES, `must be at most ${MAX_MINUTES}`)
          .optional(),
      })
      .optional(),
  })
  .refine(({ push, poll }) => push !== undefined || poll !== undefined, 'must have push, poll or both')
  .optional();

/**
 * Completes what the file says of how security events come.
 *
 * @param directory the working directory, at which relative paths begin
 * @param demandSecrecy tells where an address would have secrets cross the network in the clear
 */
export function readSharedSignals(
  fields: SharedSignalsFields | undefined,
  directory: string,
  demandSecrecy: (field: string, address: string) => void,
): SharedSignalsConfig | undefined {
  if (fields === undefined) return undefined;
  const { push, poll, verification } = fields;
  for (const [field, part] of Object.entries({ poll, verification })) {
    if (part !== undefined) demandSecrecy(`ssf.${field}.url`, part.url);
  }
  const path = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : resolve(directory, name);
  return {
    subjectIssuers: fields.subject_issuers ?? [],
    push: push && { authorizationFile: path(push.authorization_file) },
    poll: poll && readPoll(poll, path(poll.token_file)),
    verification: verification && readVerification(verification, path(verification.token_file)),
  };
}

function readPoll(
  { url: address, every_seconds: seconds }: NonNullable<SharedSignalsFields['poll']>,
  tokenFile: string | undefined,
): PollConfig {
  return { url: address, tokenFile, everyMs: seconds === undefined ? undefined : seconds * 1000 };
}

function readVerification(
  {
    url: address,
    stream_id: streamId,
    every_minutes: minutes,
  }: NonNullable<SharedSignalsFields['verification']>,
  tokenFile: string | undefined,
): VerificationConfig {
  return { url: address, streamId, tokenFile, everyMs: (minutes ?? DEFAULT_VERIFICATION_MINUTES) * 60_000 };
}
