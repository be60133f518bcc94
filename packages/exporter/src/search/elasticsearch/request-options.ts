/** Every request is sent once: whether it is sent again is decided here, not by the client. */
export function requestOptions(
  requestTimeoutMs: number,
  signal: AbortSignal | undefined,
): { maxRetries: number; requestTimeout: number; signal?: AbortSignal } {
  return { maxRetries: 0, requestTimeout: requestTimeoutMs, ...(signal !== undefined && { signal }) };
}
