import { TILE_WIDTH } from '@spanledger/ledger/verify';
import type { Attack } from '../attack.ts';
import { forge } from '../entry-chain.ts';
import { LogCopy } from '../log-copy.ts';

export const edit: Attack = {
  name: 'edit an entry',
  needs: 'files',
  about:
    'A field of an entry is changed, so that it still is a canonical record. Every other time all hash tiles over it are computed anew.',
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const at = random.integer(copy.size);
    const change = (entry: Uint8Array, i: number, base = 0): Uint8Array =>
      base + i === at ? forge(entry, random) : entry;
    if (random.flip()) {
      copy.writeTree(copy.entries().map((entry, i) => change(entry, i)));
    } else {
      const index = Math.floor(at / TILE_WIDTH);
      const base = index * TILE_WIDTH;
      copy.replaceBundle(
        index,
        copy.bundle(index).map((entry, i) => change(entry, i, base)),
      );
    }
    return { files: copy.files, soundTo: at };
  },
};
