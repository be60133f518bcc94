import type { Attack } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

export const rollBack: Attack = {
  name: 'roll back the whole directory',
  needs: 'files',
  about: 'The directory is replaced by a backup of itself, as it was after an earlier checkpoint.',
  why: 'A backup is the log as it once was; nothing inside tells how old it is. A kept checkpoint notices a state from before it.',
  expected: { alone: 'none', kept: 'before', witness: 'none' },
  commit({ log, random }) {
    const files = random.pick(log.states.slice(0, -1));
    return { files, soundTo: new LogCopy(files).size };
  },
};
