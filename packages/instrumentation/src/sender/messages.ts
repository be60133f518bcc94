import type { KeyObject } from 'node:crypto';
import type { CredentialConfig } from '../config.ts';
import type { SpoolPosition } from '../spool/spool-position.ts';
import type { FsyncPolicy } from '../spool/spool-writer.ts';

/** What the sender is told when it is started. */
export interface SenderData {
  readonly spoolDirectory: string;
  /** Name of the live folder. */
  readonly folder: string;
  /** The thread of the application that this sender belongs to; 0 is the main thread. */
  readonly thread: number;
  readonly endpoint: string;
  readonly credentials: CredentialConfig;
  readonly fsync: FsyncPolicy;
  /** Between two requests, in milliseconds. */
  readonly intervalMs: number;
  /** Of the SpoolCounters that both threads have. */
  readonly counters: SharedArrayBuffer;
  /** Folders that a sender before this one took over and did not finish with. */
  readonly resume: readonly string[];
  /** Of the spool; absent where it is not sealed. */
  readonly spoolKey?: KeyObject | undefined;
}

/** From the application's thread to the sender. */
export type ToSender =
  | {
      /** There is something new in the spool. */
      readonly kind: 'appended';
    }
  | {
      /** The process is about to end: what is there is to be sent now. */
      readonly kind: 'hurry';
    }
  | {
      /** A thread is gone: what it left is to be sent. */
      readonly kind: 'thread_ended';
      readonly thread: number;
    };

/** From the sender to the application's thread. */
export type FromSender =
  | {
      /** Something arrived, or was set aside. */
      readonly kind: 'progress';
      /** Up to where the live folder is through. */
      readonly confirmed: SpoolPosition;
    }
  | {
      /** The receiver took nothing the last time. */
      readonly kind: 'unreachable';
    }
  | {
      /** A request was answered, or given up. */
      readonly kind: 'attempt';
      readonly durationMs: number;
      /** Why it was not taken, in a word; undefined where it was. */
      readonly error: string | undefined;
    }
  | {
      /** Folders that were taken over. */
      readonly kind: 'adopted';
      readonly folders: readonly string[];
    }
  | { readonly kind: 'warning'; readonly code: string; readonly message: string };
