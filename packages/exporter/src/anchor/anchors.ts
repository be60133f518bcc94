import type { Ledger } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';
import type { Logger } from 'pino';
import type { DataDirectory } from '../data-directory.ts';
import { AnchorFollower, type AnchorStatus } from './anchor-follower.ts';
import { commandTarget } from './command-target.ts';
import { directoryTarget } from './directory-target.ts';

/** An anchor of the configuration. */
export interface AnchorConfig {
  /** Names it in status, metrics and logs, and its position in the data directory. */
  readonly name: string;
  /** Program and arguments; or … */
  readonly command?: readonly [string, ...string[]];
  /** The environment of the command, without this program's own variables. */
  readonly env?: NodeJS.ProcessEnv;
  /** … a directory, absolute. One of the two. */
  readonly directory?: string;
  readonly afterCheckpoints: number;
  readonly afterMs: number;
  readonly timeoutMs: number;
}

/** Something that wants an operator's eye and keeps nobody from anything. */
export interface AnchorWarning {
  code: 'anchor_behind';
  message: string;
  hint: string;
}

/** What {@link Anchors} needs. */
export interface AnchorsOptions {
  anchors: readonly AnchorConfig[];
  ledger: Pick<Ledger, 'checkpoint' | 'origin' | 'published' | 'sizes'>;
  paths: DataDirectory;
  log: Pick<Logger, 'error' | 'info'>;
}

/** All anchors of a log. */
export class Anchors {
  readonly #followers: readonly AnchorFollower[];

  constructor({ anchors, ledger, paths, log }: AnchorsOptions) {
    this.#followers = anchors.map((anchor) => {
      const { name, command, directory = '', env = {} } = anchor;
      return new AnchorFollower({
        ...anchor,
        ledger,
        target:
          command === undefined
            ? directoryTarget(directory)
            : commandTarget({ command, timeoutMs: anchor.timeoutMs, ledger: paths.ledger, env }),
        stateFile: paths.anchorFile(name),
        onChange: (state) => {
          if ('error' in state)
            log.error({ err: state.error, anchor: name }, 'anchoring failed and is tried again');
          else log.info({ size: state.size, anchor: name }, 'anchoring works again');
        },
      });
    });
  }

  /** Takes up where the last process left off. */
  async start(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.start()));
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.stop()));
  }

  /** How each is. */
  statuses(): [name: string, AnchorStatus][] {
    return this.#followers.map((follower) => [follower.name, follower.status()]);
  }

  /** How each is, for `/api/status`. */
  describe(): JsonObject {
    return Object.fromEntries(
      this.statuses().map(([name, { size, atMs, lag, isBehind, failures, error }]) => [
        name,
        {
          size,
          ...(atMs !== undefined && { at: new Date(atMs).toISOString() }),
          lag,
          behind: isBehind,
          failures,
          ...(error !== undefined && { error }),
        },
      ]),
    );
  }

  /** Those that are behind. */
  warnings(): AnchorWarning[] {
    return this.statuses().flatMap(([name, { isBehind, size, lag, error }]) => {
      if (!isBehind) return [];
      const why = error === undefined ? 'the next one is overdue' : error;
      const message = `anchor ${name} is behind: it has ${size} entries, ${lag} more are published; ${why}`;
      const hint =
        'Try its command by hand, or look at its directory and the disk under it; it is tried again by itself.';
      return [{ code: 'anchor_behind', message, hint }];
    });
  }
}
