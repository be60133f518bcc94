import type { Attack } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

export const truncateWithKey: Attack = {
  name: 'truncate the tail, with the key',
  needs: 'key',
  about:
    'All entries from one on are removed, wherever it stands, and a checkpoint of what is left is signed with the log’s own key.',
  why: 'As with a cut at a checkpoint: the log is sound and signed, and nothing in it tells that it was longer. A kept checkpoint notices a cut before it.',
  expected: { alone: 'none', kept: 'before' },
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    // Not where a checkpoint was: that takes no key.
    let end = random.between(2, copy.size - 1);
    if (log.sizes.includes(end)) end -= 1;
    copy.rewrite(copy.entries().slice(0, end), [...log.sizes.filter((size) => size < end), end], log.signer);
    return { files: copy.files, soundTo: end };
  },
};
