import type { Attack } from '../attack.ts';
import { forge, rechain } from '../entry-chain.ts';
import { LogCopy } from '../log-copy.ts';

export const rechainWithKey: Attack = {
  name: 're-chain and re-sign with the key',
  needs: 'key',
  about:
    'An entry is changed, every later one names the new hash of the one before it, all hash tiles are computed anew, and the checkpoint and every one of the history is signed again with the log’s own key.',
  why: 'What is left is a log that this key has signed from its first entry to its last. Nothing in it tells that another one was there before, and no verifier that sees nothing else can know. A kept checkpoint notices what was changed before it, and can say nothing of what came after.',
  expected: { alone: 'none', kept: 'before' },
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const entries = copy.entries();
    const at = random.integer(entries.length);
    const changed = rechain(entries.with(at, forge(entries[at] ?? new Uint8Array(), random)), at + 1);
    copy.rewrite(changed, log.sizes, log.signer);
    return { files: copy.files, soundTo: at };
  },
};
