/** Requests for which passport tries one strategy after another. */
const requests = new WeakSet<object>();

/** Notes that a request may be authenticated by another strategy where one finds nothing. */
export function noteAlternatives(request: unknown): void {
  if (typeof request === 'object' && request !== null) requests.add(request);
}

/** Whether a strategy that finds nothing in the request may not be the last one. */
export function hasAlternatives(request: unknown): boolean {
  return typeof request === 'object' && request !== null && requests.has(request);
}
