import { TILE_WIDTH } from '@spanledger/ledger/verify';
import type { Attack } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

export const duplicate: Attack = {
  name: 'duplicate an entry',
  needs: 'files',
  about:
    'An entry stands a second time, behind itself or in place of the one that follows. Every other time all hash tiles are computed anew.',
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const at = random.integer(copy.size - 1);
    const removed = random.integer(2);
    if (random.flip()) {
      const entries = copy.entries();
      copy.writeTree(entries.toSpliced(at + 1, removed, entries[at] ?? new Uint8Array()));
    } else {
      const index = Math.floor(at / TILE_WIDTH);
      const bundle = copy.bundle(index);
      const slot = at % TILE_WIDTH;
      copy.replaceBundle(index, bundle.toSpliced(slot + 1, removed, bundle[slot] ?? new Uint8Array()));
    }
    return { files: copy.files, soundTo: at + 1 };
  },
};
