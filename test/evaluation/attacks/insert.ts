import { TILE_WIDTH } from '@spanledger/ledger/verify';
import type { Attack } from '../attack.ts';
import { forge, rechain } from '../entry-chain.ts';
import { LogCopy } from '../log-copy.ts';

export const insert: Attack = {
  name: 'insert a forged entry',
  needs: 'files',
  about:
    'An entry that was never recorded is put between two others, with the index of its place and the hash of the entry before it. Every other time all hash tiles are computed anew.',
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const entries = copy.entries();
    const at = 1 + random.integer(entries.length - 1);
    const model = entries[at] ?? new Uint8Array();
    const forged = rechain([...entries.slice(0, at), forge(model, random)], at).at(-1) ?? model;
    if (random.flip()) {
      copy.writeTree(entries.toSpliced(at, 0, forged));
    } else {
      const index = Math.floor(at / TILE_WIDTH);
      copy.replaceBundle(index, copy.bundle(index).toSpliced(at % TILE_WIDTH, 0, forged));
    }
    return { files: copy.files, soundTo: at };
  },
};
