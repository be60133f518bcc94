import { formatCheckpoint } from '@spanledger/ledger/verify';
import type { Attack } from '../attack.ts';
import { forge, rechain } from '../entry-chain.ts';
import { LogCopy } from '../log-copy.ts';

export const rechainWithoutKey: Attack = {
  name: 're-chain without the key',
  needs: 'files',
  about:
    'An entry is changed, every later one names the new hash of the one before it, and all hash tiles are computed anew. The checkpoint stays as it was, or states the new root above the old signature, or is signed with a key of the attacker’s under the log’s name, together with the whole history.',
  commit({ log, forger, random }) {
    const copy = new LogCopy(log.files);
    const entries = copy.entries();
    const at = random.integer(entries.length);
    const changed = rechain(entries.with(at, forge(entries[at] ?? new Uint8Array(), random)), at + 1);
    const choice = random.integer(3);
    if (choice === 0) {
      copy.writeTree(changed);
    } else if (choice === 1) {
      const { signer, sizes } = log;
      const size = sizes.at(-1) ?? 0;
      const root = copy.writeTree(changed);
      const [, signature = ''] = copy.checkpoint.split('\n\n');
      const note = `${formatCheckpoint({ origin: signer.origin, size, root })}\n${signature}`;
      copy.publish([...copy.notes().slice(0, -1), note]);
    } else {
      copy.rewrite(changed, log.sizes, forger);
    }
    return { files: copy.files, soundTo: at };
  },
};
