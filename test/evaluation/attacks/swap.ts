import type { Attack } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

export const swap: Attack = {
  name: 'swap two entries',
  needs: 'files',
  about:
    'Two entries change places, anywhere in the log, and all hash tiles are computed anew. Every other time they are neighbours.',
  commit({ log, random }) {
    const copy = new LogCopy(log.files);
    const entries = copy.entries();
    const a = random.integer(entries.length - 1);
    const b = random.flip() ? a + 1 : (a + 1 + random.integer(entries.length - 1)) % entries.length;
    copy.writeTree(entries.map((entry, i) => entries[i === a ? b : i === b ? a : i] ?? entry));
    return { files: copy.files, soundTo: Math.min(a, b) };
  },
};
