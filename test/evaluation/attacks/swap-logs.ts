import type { Attack, Crime } from '../attack.ts';
import { LogCopy } from '../log-copy.ts';

/** A log some of whose entries are those at the same places of another one, with all hash tiles computed anew. */
function mix({ log, other, random }: Crime): { copy: LogCopy; entries: Uint8Array[]; from: number } {
  const copy = new LogCopy(log.files);
  const entries = copy.entries();
  const foreign = new LogCopy(other.files).entries();
  const from = random.integer(entries.length);
  const to = Math.min(entries.length, from + random.between(1, 300));
  const mixed = entries.map((entry, i) => (i >= from && i < to ? (foreign[i] ?? entry) : entry));
  copy.writeTree(mixed);
  return { copy, entries: mixed, from };
}

export const swapLogs: Attack = {
  name: 'swap two logs’ entries',
  needs: 'files',
  about:
    'Entries of another log take the place of those at the same indices, and all hash tiles are computed anew.',
  commit(crime) {
    const { copy, from } = mix(crime);
    return { files: copy.files, soundTo: from };
  },
};

export const swapLogsWithKey: Attack = {
  name: 'swap two logs’ entries, with the key',
  needs: 'key',
  about:
    'The same, and everything is signed again with the log’s own key. The entries are as their own log has them: whoever rewrites them too does what “re-chain and re-sign with the key” does.',
  commit(crime) {
    const { copy, entries, from } = mix(crime);
    copy.rewrite(entries, crime.log.sizes, crime.log.signer);
    return { files: copy.files, soundTo: from };
  },
};
