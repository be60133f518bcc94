import { readFile } from 'node:fs/promises';
import { ExporterError } from '../errors.ts';

/** What a provider is asked. */
export interface ProviderRequest {
  url: string;
  /** Sent as JSON; undefined: it is a GET. */
  body?: object;
  /** The value of the `Authorization` header. */
  authorization?: string;
  timeoutMs: number;
  /** Longer answers are refused. */
  maxBytes: number;
  /** Ends what is under way. */
  signal: AbortSignal;
}

/** What it answered. */
export interface ProviderAnswer {
  status: number;
  /** Parsed JSON; undefined where the answer has no body, or is no success. */
  value: unknown;
  /** `Retry-After` in milliseconds, where it gives seconds. */
  retryAfterMs: number | undefined;
}

/**
 * Asks a provider. No redirect is followed: what was configured is what is asked.
 *
 * @throws ExporterError `provider_unreachable`
 */
export async function askProvider(request: ProviderRequest): Promise<ProviderAnswer> {
  const { url, body, authorization, timeoutMs, maxBytes, signal } = request;
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(authorization !== undefined && { authorization }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await readText(response, maxBytes);
    const value: unknown = response.ok && text !== '' ? JSON.parse(text) : undefined;
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return { status: response.status, value, retryAfterMs: seconds >= 0 ? seconds * 1000 : undefined };
  } catch (cause) {
    throw unreachable(url, 'does not answer as it should', cause);
  }
}

/** An error that says which address did what. */
export function unreachable(url: string, what: string, cause?: unknown): ExporterError {
  const reason = cause instanceof Error ? `: ${describeCause(cause)}` : '';
  return new ExporterError('provider_unreachable', `${url} ${what}${reason}`, {
    ...(cause !== undefined && { cause }),
    hint: 'It is asked again by itself; records go on meanwhile.',
  });
}

/**
 * Reads a file that holds a secret and nothing else, each time anew, so that it may be replaced.
 *
 * @throws ExporterError `key_missing`
 */
export async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new ExporterError('key_missing', `${file} cannot be read`, {
      cause,
      hint: 'providers names it; it holds the secret and nothing else.',
    });
  }
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    // Leaving the loop cancels what is still to come.
    if (sizeBytes > maxBytes) throw new RangeError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch failed` says nothing; what lies underneath does. */
function describeCause(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
