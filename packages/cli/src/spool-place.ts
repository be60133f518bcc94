import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder above the spools of all services of this user, as the instrumentation finds it. */
export function spoolDirectory(env: NodeJS.ProcessEnv): string {
  const named = env['SPANLEDGER_SPOOL_DIR'] ?? '';
  if (named !== '') return named;
  const state = env['XDG_STATE_HOME'] ?? '';
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'spanledger', 'spool');
}
