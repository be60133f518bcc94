/** Something that is wrong with a policy file. */
export interface PolicyProblem {
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** The field, e.g. `rules[2].match.route`; empty for the file as a whole. */
  field: string;
  message: string;
  /** What to write instead. */
  fix: string;
}

/**
 * A problem in one line, in the form that editors make a link of: `file:line:column: field: message; fix`.
 *
 * @param file - as the user named it
 */
export function describeProblem(problem: PolicyProblem, file: string): string {
  const { line, column, field, message, fix } = problem;
  return `${file}:${line}:${column}: ${field === '' ? '' : `${field}: `}${message}; ${fix}`;
}
