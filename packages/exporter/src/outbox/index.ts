export { derivedId, Outbox, OUTBOX_SCHEMA } from './outbox.ts';
export type { RefusedDraft } from './outbox.ts';
export { OutboxSender } from './outbox-sender.ts';
export type { RowSealer } from './row-sealer.ts';
