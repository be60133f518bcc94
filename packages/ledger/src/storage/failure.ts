/** What an error of the operating system means for the ledger, and what helps. */
interface Meaning {
  what: string;
  help: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: { what: 'the disk is full', help: 'Make room on it.' },
  EDQUOT: { what: 'the disk quota is used up', help: 'Make room, or raise the quota.' },
  EIO: {
    what: 'the disk reports an input/output error',
    help: 'Look at the system log, and replace the disk.',
  },
  EROFS: {
    what: 'the file system is read-only',
    help: 'Look at the system log for why it was remounted, and remount it for writing.',
  },
  EMFILE: {
    what: 'this process has too many files open',
    help: 'Raise its limit (ulimit -n, LimitNOFILE).',
  },
  ENFILE: { what: 'the system has too many files open', help: 'Raise its limit (fs.file-max).' },
  EACCES: { what: 'the permission is missing', help: 'Give this user access to the data directory.' },
  EPERM: { what: 'the operation is not permitted', help: 'Give this user access to the data directory.' },
};

/** Says why a write failed, in so far as the operating system said so: for the end of a message, and of a hint. */
export function explainFailure(cause: unknown): { reason: string; help: string } {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const meaning = MEANINGS[code];
  if (meaning === undefined) return { reason: '', help: 'Repair the disk or make room on it.' };
  return { reason: `: ${meaning.what} (${code})`, help: meaning.help };
}
