import {
  connectPrivacyDesk,
  connectRetentionDesk,
  ExporterError,
  type PrivacyDesk,
  type RetentionDesk,
} from '@spanledger/audit-exporter';
import { locate, type Location } from './connection.ts';
import type { Context } from './context.ts';
import type { SourceOptions } from './options.ts';

/**
 * The desk of the service that is asked: what it does, nobody can do without one.
 *
 * @throws ExporterError `archive_unreachable`
 */
export async function openDesk(options: Omit<SourceOptions, 'data'>, context: Context): Promise<PrivacyDesk> {
  const { url, credentials } = await findService(options, context);
  return connectPrivacyDesk(url, credentials);
}

/**
 * Where the service that is asked purges records.
 *
 * @throws ExporterError `archive_unreachable`
 */
export async function openRetentionDesk(
  options: Omit<SourceOptions, 'data'>,
  context: Context,
): Promise<RetentionDesk> {
  const { url, credentials } = await findService(options, context);
  return connectRetentionDesk(url, credentials);
}

/**
 * The service that is asked.
 *
 * @throws ExporterError `archive_unreachable`
 */
export async function findService(
  options: Omit<SourceOptions, 'data'>,
  context: Context,
): Promise<Extract<Location, { kind: 'service' }>> {
  const location = await locate(options, context);
  if (location.kind === 'service') return location;
  throw new ExporterError('archive_unreachable', 'no service answers, and this takes one that runs', {
    hint: 'Start it with: spanledger serve. Or name it with --url.',
  });
}
