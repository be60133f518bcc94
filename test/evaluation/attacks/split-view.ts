import type { Attack, Crime, Shown } from '../attack.ts';
import { rechain } from '../entry-chain.ts';
import { LogCopy } from '../log-copy.ts';

/** Another log that begins as this one and goes on as another, of the same size and with checkpoints of the same sizes. */
function fork({ log, other, random }: Crime): Shown {
  const copy = new LogCopy(log.files);
  const entries = copy.entries();
  const at = random.integer(entries.length);
  const foreign = new LogCopy(other.files).entries().slice(at, entries.length);
  const { signer, sizes } = log;
  copy.rewrite(rechain([...entries.slice(0, at), ...foreign], at, signer.origin), sizes, signer);
  return { files: copy.files, soundTo: at };
}

export const splitView: Attack = {
  name: 'split view',
  needs: 'key',
  about:
    'Two readers are shown two logs with checkpoints of the same sizes, all signed with the log’s own key. From an entry on they differ. The verifier sees the second one; the kept checkpoint is an earlier one of the first.',
  why: 'Each reader sees a log that is sound and signed. Only a comparison of what two of them saw can tell. A checkpoint of the first log notices where the second left it before.',
  expected: { alone: 'none', kept: 'before' },
  commit: fork,
};

export const splitViewCompared: Attack = {
  name: 'split view, the readers compare',
  needs: 'key',
  about:
    'The same, and the first reader hands on the newest checkpoint that they saw: it is of the same size as the one that the verifier sees.',
  why: 'The ledger alone is the same as before. Comparing the newest checkpoints finds every split view: two of one size that differ are the log’s own signature under a contradiction.',
  kept: 'last',
  expected: { alone: 'none', kept: 'before' },
  commit: fork,
};
