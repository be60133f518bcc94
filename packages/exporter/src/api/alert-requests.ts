import { z } from 'zod';

import { type AlertChange, MAX_NOTE_LENGTH } from '../alert-types.ts';
import { cursorParameter, limitParameter } from './requests.ts';

const MAX_RULE_LENGTH = 64;

/** `GET /api/alerts`. */
export interface AlertsParameters {
  limit?: number | undefined;
  cursor?: string | undefined;
  status?: 'acknowledged' | 'open' | 'resolved' | undefined;
  severity?: 'low' | 'medium' | 'high' | 'critical' | undefined;
  rule?: string | undefined;
}

/** `GET /api/alerts`. */
export const alertsParameters: z.ZodType<AlertsParameters> = z.strictObject({
  limit: limitParameter,
  cursor: cursorParameter,
  status: z.enum(['open', 'acknowledged', 'resolved'], 'must be open, acknowledged or resolved').optional(),
  severity: z.enum(['low', 'medium', 'high', 'critical'], 'must be low, medium, high or critical').optional(),
  rule: z.string().min(1).max(MAX_RULE_LENGTH).optional(),
});

/** `POST /api/alerts/{id}`. */
export const alertChange: z.ZodType<{ status: AlertChange['status']; note?: string | undefined }> =
  z.strictObject({
    status: z.enum(['acknowledged', 'resolved'], 'must be acknowledged or resolved'),
    note: z.string().max(MAX_NOTE_LENGTH, `must have at most ${MAX_NOTE_LENGTH} characters`).optional(),
  });
