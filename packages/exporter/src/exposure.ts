import type { Logger } from 'pino';
import { type Config, isLoopback } from './config/index.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Doors } from './doors/index.ts';

/** Says plainly, once at start, what this service does not protect. */
export function warnOfExposure(
  config: Config,
  paths: DataDirectory,
  doors: Pick<Doors, 'guard' | 'isEncrypted'>,
  log: Logger,
): void {
  const isOpen = !doors.guard.isRequired;
  const facts: string[] = [];
  if ((isOpen || !doors.isEncrypted) && !isLoopback(config.host)) {
    facts.push(`${config.host} is reachable from other machines`);
  }
  if (isOpen) facts.push('whoever reaches the port may send spans and read the audit trail');
  if (!doors.isEncrypted) facts.push('connections are not encrypted');
  if (config.kek === undefined && config.kekCommand === undefined)
    facts.push(`the key that opens personal data lies beside it, in ${paths.kekFile}`);
  if (config.witnessing === undefined) facts.push('nobody outside countersigns the checkpoints');
  if (facts.length > 0) log.warn(`not secure yet: ${facts.join('; ')}`);
}
