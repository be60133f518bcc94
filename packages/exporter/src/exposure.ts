import type { Logger } from 'pino';
import { type Config, isLoopback } from './config/index.ts';
import type { DataDirectory } from './data-directory.ts';

/** Says plainly, once at start, what this service does not protect. */
export function warnOfExposure(config: Config, paths: DataDirectory, log: Logger): void {
  const facts = [
    'whoever reaches the port may send spans and read the audit trail',
    'connections are not encrypted',
  ];
  if (!isLoopback(config.host)) facts.unshift(`${config.host} is reachable from other machines`);
  if (config.kek === undefined)
    facts.push(`the key that opens personal data lies beside it, in ${paths.kekFile}`);
  if (config.witnessing === undefined) facts.push('nobody outside countersigns the checkpoints');
  log.warn(`not secure yet: ${facts.join('; ')}`);
}
