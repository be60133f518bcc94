import { z } from 'zod';
import { type DeliverFields, deliverSchema } from './deliver.ts';

/** What the file may say of alerts. */
export interface AlertFields {
  deliver?: DeliverFields[] | undefined;
}

/** `alerts` of the configuration file. */
export const alertsSchema: z.ZodOptional<z.ZodType<AlertFields>> = z
  .strictObject({ deliver: deliverSchema })
  .optional();
