/** What a token endpoint answered, until the strategy that asked has looked at it. */
const answers = new WeakMap<object, object>();

/** Keeps an answer for as long as the callback that it is given to runs. */
export function keepAnswer(client: object, answer: object): void {
  answers.set(client, answer);
  queueMicrotask(() => {
    if (answers.get(client) === answer) answers.delete(client);
  });
}

/** The answer that is being looked at. */
export function currentAnswer(client: unknown): object | undefined {
  return typeof client === 'object' && client !== null ? answers.get(client) : undefined;
}
