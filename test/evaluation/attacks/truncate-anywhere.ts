import { formatCheckpoint } from '@spanledger/ledger/verify';
import type { Attack } from '../attack.ts';
import { checkpointIn, LogCopy } from '../log-copy.ts';

export const truncateAnywhere: Attack = {
  name: 'truncate the tail, anywhere',
  needs: 'files',
  about:
    'All entries from one on are removed and the tree is that of the rest. The checkpoint stays, or is the last one before the cut (with the history cut back to it or left), or states the new size and root above an old signature.',
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const notes = copy.notes();
    const entries = copy.entries();
    // Not where a checkpoint was: that is the next row.
    let end = random.between((log.sizes[0] ?? 0) + 1, entries.length - 1);
    if (log.sizes.includes(end)) end -= 1;
    const root = copy.writeTree(entries.slice(0, end));
    const before = notes.filter((note) => checkpointIn(note).size <= end);
    const [last = ''] = before.slice(-1);
    const stated = formatCheckpoint({ origin: log.signer.origin, size: end, root });
    const forged = `${stated}\n${last.split('\n\n')[1] ?? ''}`;
    const choice = random.integer(4);
    if (choice === 1) copy.checkpoint = last;
    if (choice === 2) copy.publish([...before, forged]);
    // Behind the checkpoint something is left over that it never covered.
    if (choice === 3) copy.publish([...before.slice(0, -1), forged]);
    return { files: copy.files, soundTo: end };
  },
};
