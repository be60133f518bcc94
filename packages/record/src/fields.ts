import type { CommitmentGroup } from './audit-record.ts';

export function groupOfAttribute(key: string): 'clear' | CommitmentGroup {
  return key === '' ? 'clear' : 'content';
}
export function groupOfPath(path: readonly string[]): 'clear' | CommitmentGroup {
  return path.length === 0 ? 'clear' : 'content';
}
