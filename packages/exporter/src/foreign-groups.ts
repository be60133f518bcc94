import type { Logger } from 'pino';
import type { OnForeign } from './documents.ts';

/** Says once that opened groups are not what their records commit to: it is one fault, however many they are. */
export function foreignGroups(log: Logger): OnForeign {
  let isTold = false;
  return (index, groups) => {
    if (isTold) return;
    isTold = true;
    log.error(
      { index, groups },
      'opened groups are not those that the record commits to and are left out: vault and ledger do not belong together, or the vault was changed; told once',
    );
  };
}
