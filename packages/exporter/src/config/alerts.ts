import { resolve } from 'node:path';
import { z } from 'zod';
import { type DeliverFields, deliverSchema } from './deliver.ts';

const DEFAULT_MAX_KEYS = 100_000;
const MAX_KEYS = 10_000_000;

/** What the file may say of alerts. */
export interface AlertFields {
  enabled?: boolean | undefined;
  rules_file?: string | undefined;
  disable?: string[] | undefined;
  max_keys?: number | undefined;
  deliver?: DeliverFields[] | undefined;
}

/** Whether records are held against rules, and which. */
export interface AlertsConfig {
  readonly isEnabled: boolean;
  /** A file of rules, absolute path; undefined: those that come with the service. */
  readonly rulesFile: string | undefined;
  /** Ids of rules that are not in force. */
  readonly disabled: readonly string[];
  /** The most keys that rules keep in memory. */
  readonly maxKeys: number;
}

/** `alerts` of the configuration file. */
export const alertsSchema: z.ZodOptional<z.ZodType<AlertFields>> = z
  .strictObject({
    enabled: z.boolean('must be true or false').optional(),
    rules_file: z.string().min(1, 'must name a file').optional(),
    disable: z.array(z.string(), 'must be a list of rules, e.g. [new-client]').optional(),
    max_keys: z
      .number('must be a number of keys')
      .int('must be a whole number')
      .min(1000, 'must be at least 1000')
      .max(MAX_KEYS, `must be at most ${MAX_KEYS}`)
      .optional(),
    deliver: deliverSchema,
  })
  .optional();

/**
 * Completes what the file says of rules.
 *
 * @param directory - the working directory, at which relative paths begin
 */
export function readAlerts(fields: AlertFields = {}, directory: string): AlertsConfig {
  return {
    isEnabled: fields.enabled ?? true,
    rulesFile: fields.rules_file === undefined ? undefined : resolve(directory, fields.rules_file),
    disabled: fields.disable ?? [],
    maxKeys: fields.max_keys ?? DEFAULT_MAX_KEYS,
  };
}
