import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is there; fails with the last error or "nothing yet" at the deadline. */
export async function poll<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  deadlineMs = 20_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown = 'nothing yet';
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await delay(25);
  }
  throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
}
