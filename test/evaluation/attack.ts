import type { NoteSigner } from '@spanledger/ledger';
import type { LogFiles } from './log-copy.ts';
import type { Column } from './matrix.ts';
import type { Random } from './random.ts';
import type { RecordedLog } from './recorded-log.ts';

/** What an attacker finds, and what they bring. */
export interface Crime {
  /** The log under attack; its signer is for attackers only who hold the key. */
  log: RecordedLog;
  /** Another log of the same size and checkpoints, with a key of its own. */
  other: RecordedLog;
  /** A key of the attacker's under the log's name. */
  forger: NoteSigner;
  /** Where the attack strikes is drawn here. */
  random: Random;
}

/** What a verifier is shown afterwards. */
export interface Shown {
  files: LogFiles;
  /** The key that the log's own directory offers, where that is no longer the log's. */
  offeredKey?: string;
  /** The largest size at which what is shown is still the log's: an earlier checkpoint of a larger one gives it away. */
  soundTo: number;
}

/**
 * In which placements a column notices: in all, in none, or in exactly those in which the kept checkpoint is of a larger
 * size than the log was sound to.
 */
export type Expectation = 'all' | 'none' | 'before';

/** An attack on a log: a row of the matrix. */
export interface Attack {
  /** The row's name. */
  name: string;
  /** What the attacker has: write access to the files; the log's private key too. */
  needs: 'files' | 'key';
  /** What is done, as a sentence or two. */
  about: string;
  /** Why a cell below the full count is what it is; absent where every cell is full. */
  why?: string;
  /** True: every fifth placement strikes the large log, so that every level has its share. */
  strikesLarge?: true;
  /** The verifier has no key of its own and takes the one that the log's directory offers. */
  trustsOfferedKey?: true;
  /** Which checkpoint of the log was kept: an earlier one at random if not given, or the last one. */
  kept?: 'last';
  /** What columns have to notice; all of it where not given. An evaluation that finds anything else fails. */
  expected?: Partial<Record<Column, Expectation>>;
  commit: (crime: Crime) => Shown;
}
