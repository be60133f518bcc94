import { verifyIndex, type IndexReport } from '@spanledger/audit-exporter';
import type { Location } from '../connection.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { progressLine } from '../output/progress.ts';

export { renderIndexReport } from '../output/index-report.ts';

/**
 * Verifies the index of a data directory against its ledger.
 *
 * @throws CliError `usage` where the audit trail is asked of a service; what `verifyIndex` throws
 */
export async function compareIndex(location: Location, context: Context): Promise<IndexReport> {
  demandDirectory(location);
  const line = progressLine(context.draw, context.now);
  try {
    return await verifyIndex(location.directory, {
      env: context.env,
      onProgress: (progress) => {
        line.update(progress);
      },
    });
  } finally {
    line.clear();
  }
}

/** @throws CliError `usage` where the audit trail is asked of a service, which verifies nothing against itself */
export function demandDirectory(
  location: Location,
): asserts location is Extract<Location, { kind: 'directory' }> {
  if (location.kind === 'directory') return;
  throw new CliError('usage', '--index compares a data directory with its ledger, and no service', {
    hint: 'Name the directory with --data; a service may be running on it.',
  });
}
