import { resolve } from 'node:path';
import { z } from 'zod';

const DEFAULT_SKIP_WINDOW_S = 10;
const MAX_SKIP_WINDOW_S = 300;
const MS_PER_SECOND = 1000;

/** What the file may say of the audit policy. */
export interface PolicySection {
  file: string;
  skip_window_seconds?: number | undefined;
}

/** The audit policy of a service. */
export interface PolicyConfig {
  /** Absolute path of the policy. */
  readonly file: string;
  /** How long spans that are left out are gathered before they are counted in the ledger. */
  readonly skipWindowMs: number;
}

/** `policy` of the configuration file. */
export const policySectionSchema: z.ZodOptional<z.ZodType<PolicySection>> = z
  .strictObject({
    file: z.string('must name the file of the policy').min(1, 'must name the file of the policy'),
    skip_window_seconds: z
      .number('must be a number of seconds')
      .int('must be whole seconds')
      .min(1, 'must be at least 1')
      .max(MAX_SKIP_WINDOW_S, `must be at most ${MAX_SKIP_WINDOW_S}`)
      .optional(),
  })
  .optional();

/** @param directory - the working directory, at which relative paths begin */
export function readPolicyConfig(
  section: PolicySection | undefined,
  directory: string,
): PolicyConfig | undefined {
  if (section === undefined) return undefined;
  return {
    file: resolve(directory, section.file),
    skipWindowMs: (section.skip_window_seconds ?? DEFAULT_SKIP_WINDOW_S) * MS_PER_SECOND,
  };
}
