import { connectPrivacyDesk, ExporterError, type PrivacyDesk } from '@spanledger/audit-exporter';
import { locate } from './connection.ts';
import type { Context } from './context.ts';
import type { SourceOptions } from './options.ts';

/**
 * The desk of the service that is asked: what it does, nobody can do without one.
 *
 * @throws ExporterError `archive_unreachable`
 */
export async function openDesk(options: Omit<SourceOptions, 'data'>, context: Context): Promise<PrivacyDesk> {
  const location = await locate(options, context);
  if (location.kind === 'service') return connectPrivacyDesk(location.url, location.credentials);
  throw new ExporterError('archive_unreachable', 'no service answers, and this takes one that runs', {
    hint: 'Start it with: spanledger serve. Or name it with --url.',
  });
}
