import type { Attack } from '../attack.ts';
import { checkpointIn, LogCopy } from '../log-copy.ts';

export const truncateAtCheckpoint: Attack = {
  name: 'truncate the tail, exactly at a checkpoint',
  needs: 'files',
  about:
    'Entries, hash tiles, history and checkpoint are cut back to one that was once published, and partial tiles are as they were then.',
  why: 'What is left is byte for byte the log as it once was, with a good signature. It takes no key, and nothing inside the log tells that it went on. A kept checkpoint notices a cut before it, and not one at it or after it.',
  expected: { alone: 'none', kept: 'before', witness: 'none' },
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const notes = copy.notes().slice(0, random.between(2, log.sizes.length - 1));
    const end = checkpointIn(notes.at(-1) ?? '').size;
    copy.writeTree(copy.entries().slice(0, end));
    copy.publish(notes);
    return { files: copy.files, soundTo: end };
  },
};
