import type { AuditRecord } from '@spanledger/record';

/**
 * Whether a record tells how late it is in the log: an application sent it. What the service records of its own, such as who
 * reads, comes at any time, also while the records of applications are still on their way.
 */
export function tellsTime({ audit, event, service, span, trace }: AuditRecord): boolean {
  if (event.kind !== 'event') return false;
  return audit.sequence !== undefined || [service, span, trace].some((member) => member !== undefined);
}
