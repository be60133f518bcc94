export type { AuditPolicy } from './audit-policy.ts';
export { parsePolicy } from './parse-policy.ts';
export type { ParsedPolicy } from './parse-policy.ts';
export { PolicyInForce } from './policy-in-force.ts';
export { describeProblem } from './policy-problem.ts';
export type { PolicyProblem } from './policy-problem.ts';
export { policyChangedRecord } from './policy-records.ts';
export { SkipJournal } from './skip-journal.ts';
