import type { SpoolPosition } from '../spool/spool-position.ts';

/** What the sender is told when it is started. */
export interface SenderData {
  readonly spoolDirectory: string;
  /** Name of the live folder. */
  readonly folder: string;
  readonly endpoint: string;
  readonly token: string | undefined;
}

/** From the application's thread to the sender: there is something new in the spool. */
export type ToSender = { readonly kind: 'appended' };

/** From the sender to the application's thread. */
export type FromSender =
  | {
      /** Something was taken over, arrived, or was set aside. */
      readonly kind: 'progress';
      /** Change of the bytes on disk that this process answers for. */
      readonly heldBytes: number;
      /** Up to where the live folder is through. */
      readonly confirmed: SpoolPosition;
    }
  | {
      /** The receiver took nothing the last time. */
      readonly kind: 'unreachable';
    }
  | { readonly kind: 'warning'; readonly code: string; readonly message: string };
