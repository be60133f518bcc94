/** An error on its way between threads, which would lose its class. */
export interface Problem {
  name: string;
  message: string;
  code?: string;
  stack?: string;
}

/** Prepares an error for the way. */
export function describeProblem(error: unknown): Problem {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
  };
}

/** An error of the other thread. */
export class FollowerThreadError extends Error {
  override readonly name = 'FollowerThreadError';
  readonly code: string | undefined;

  constructor(problem: Problem) {
    super(`${problem.name}: ${problem.message}`);
    this.code = problem.code;
    if (problem.stack !== undefined) this.stack = problem.stack;
  }
}
