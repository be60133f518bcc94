/** How bad a finding is: `warning` wants to be looked at, `bad` stops something from working. */
export type Verdict = 'bad' | 'good' | 'warning';

/** One thing that was looked at. */
export interface Finding {
  verdict: Verdict;
  /** What was looked at, e.g. `data directory`. */
  subject: string;
  /** What was found. */
  detail: string;
  /** What to do about it; absent where there is nothing to do. */
  fix?: string;
  /** What was found, in numbers; for `--json` alone. */
  data?: object;
}

/** A finding that is as it should be. */
export function good(subject: string, detail: string): Finding {
  return { verdict: 'good', subject, detail };
}

/** A finding that wants to be looked at. */
export function warning(subject: string, detail: string, fix?: string): Finding {
  return { verdict: 'warning', subject, detail, ...(fix !== undefined && { fix }) };
}

/** A finding that stops something from working. */
export function bad(subject: string, detail: string, fix: string): Finding {
  return { verdict: 'bad', subject, detail, fix };
}
