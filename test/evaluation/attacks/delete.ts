import { TILE_WIDTH } from '@spanledger/ledger/verify';
import type { Attack } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

export const deleteEntry: Attack = {
  name: 'delete an entry',
  needs: 'files',
  about:
    'An entry is taken out of its file. Every other time all entries after it move up and all hash tiles are computed anew.',
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const at = random.integer(copy.size);
    if (random.flip()) {
      copy.writeTree(copy.entries().toSpliced(at, 1));
    } else {
      const index = Math.floor(at / TILE_WIDTH);
      copy.replaceBundle(index, copy.bundle(index).toSpliced(at % TILE_WIDTH, 1));
    }
    return { files: copy.files, soundTo: at };
  },
};
