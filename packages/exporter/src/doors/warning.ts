import type { Trouble } from '../trouble.ts';

/** What is to be told of certificate and tokens, and keeps nobody from their work yet; docs/errors.md explains each. */
export type DoorWarningCode =
  'certificate_expires' | 'certificate_refused' | 'no_token' | 'token_expires' | 'tokens_refused';

/** One of them. */
export interface DoorWarning extends Trouble {
  code: DoorWarningCode;
}
