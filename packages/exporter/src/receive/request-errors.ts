import { ExporterError } from '../errors.ts';

/**
 * The request is not what it says it is.
 *
 * @param detail - what is wrong and where; never a value from the request, which may be a person's
 */
export function malformed(detail: string, cause?: unknown): ExporterError {
  return new ExporterError('request_malformed', `malformed request: ${detail}`, { cause });
}

/** The request is over one of the limits of limits.ts. */
export function tooLarge(detail: string, hint: string): ExporterError {
  return new ExporterError('request_too_large', `request too large: ${detail}`, { hint });
}

/** The request is in a form that the service does not read. */
export function unsupportedType(detail: string, hint: string): ExporterError {
  return new ExporterError('request_type_unsupported', detail, { hint });
}

/** The service cannot take the request now; the same request succeeds later. */
export function busy(detail: string, cause?: unknown): ExporterError {
  return new ExporterError('service_busy', detail, {
    cause,
    hint: 'Send the same request again after the time in Retry-After.',
  });
}
