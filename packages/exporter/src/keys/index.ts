export { kekRecord, kekRecordId } from './kek-record.ts';
export { KeyChanges } from './key-changes.ts';
export { readKeyRefusal, readKeyRequest, writeKeyRequest } from './key-request.ts';
export type { KeyRefusal, KeyRequest, RequestedEnd } from './key-request.ts';
