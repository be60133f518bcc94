import { type AlertList, openAlertList } from './alerts/index.ts';
import type { Closers } from './closers.ts';
import { type CompletenessReader, openCompleteness } from './completeness/index.ts';
import type { DataDirectory } from './data-directory.ts';
import type { OpeningsReader } from './openings.ts';
import { openSearchIndex, type SearchIndex } from './search/index.ts';
import { openSessions, type SessionStore } from './sessions/index.ts';

/** What {@link openFollowerReaders} reads. */
export interface FollowerReadersOptions {
  paths: DataDirectory;
  /** The key of the blind index. */
  key: Uint8Array;
  openings: OpeningsReader;
  /** Whether records are held against rules. */
  hasAlerts: boolean;
  closers: Closers;
}

/** What the followers of the log have written, to be read while they write. */
export interface FollowerReaders {
  search: SearchIndex;
  sessions: SessionStore;
  completeness: CompletenessReader;
  /** Undefined where records are held against no rules. */
  alerts: AlertList | undefined;
  /** How many of the published records each has not taken in, by the follower's name. */
  lags: (published: number) => Record<string, number>;
}

/** Opens the databases of the followers, which must be there, for reading; they are closed by `closers`. */
export function openFollowerReaders(options: FollowerReadersOptions): FollowerReaders {
  const { paths, key, openings, hasAlerts, closers } = options;
  const opened = <Reader extends { close: () => void }>(reader: Reader): Reader => {
    closers.add(() => {
      reader.close();
    });
    return reader;
  };
  const search = opened(openSearchIndex({ file: paths.indexFile, key, openings, readOnly: true }));
  const sessions = opened(openSessions({ file: paths.sessionsFile, key, openings, readOnly: true }));
  const completeness = opened(openCompleteness({ file: paths.completenessFile, key }));
  const alerts = hasAlerts ? opened(openAlertList({ file: paths.alertsFile, key })) : undefined;
  const followers = [search, sessions, completeness, ...(alerts === undefined ? [] : [alerts])];
  return {
    search,
    sessions,
    completeness,
    alerts,
    lags: (published) =>
      Object.fromEntries(
        followers.map((follower) => [follower.name, Math.max(0, published - follower.position())]),
      ),
  };
}
