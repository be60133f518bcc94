/** A task as a thread is given it. */
export interface NumberedTask<Task> {
  id: number;
  task: Task;
}

/** What became of a task. */
export interface TaskOutcome {
  id: number;
  /** Why it failed: what survives of a file system's error when it changes threads. */
  failure?: { message: string; code?: string };
}

/** What survives of an error when it changes threads. */
export function failureOf(error: unknown): { message: string; code?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? { message: error.message, code } : { message: error.message };
}
