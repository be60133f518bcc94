import { z } from 'zod';
import { type MinimisationFields, minimisationSchema } from './minimisation.ts';

/** `privacy` as the file has it. */
export interface PrivacyFields extends MinimisationFields {
  accept_lost_openings?: boolean | undefined;
  four_eyes?: boolean | undefined;
}

/** `privacy` of the configuration file. */
export const privacySchema: z.ZodType<PrivacyFields> = z.strictObject({
  ...minimisationSchema,
  accept_lost_openings: z.boolean('must be true or false').optional(),
  four_eyes: z.boolean('must be true or false').optional(),
});

/** What it comes to. */
export interface PrivacyConfig {
  /** The service starts although the opened groups of records are gone, and goes on without them. */
  readonly acceptLostOpenings: boolean;
  /** One role asks for an erasure, another approves it. */
  readonly fourEyes: boolean;
}

/** Completes what file and environment say of privacy. */
export function readPrivacy(fields: PrivacyFields = {}): PrivacyConfig {
  return {
    acceptLostOpenings: fields.accept_lost_openings ?? false,
    fourEyes: fields.four_eyes ?? true,
  };
}
