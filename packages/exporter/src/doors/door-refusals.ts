import { Refusals, type RefusalsOptions } from '../refusals.ts';
import { refusalRecord } from './refusal-record.ts';
import type { Refusal } from './refusal.ts';

/** Makes records of what the doors refuse; they are counted by caller, address and what was asked for. */
export function doorRefusals(options: Pick<RefusalsOptions<Refusal>, 'log' | 'record'>): Refusals<Refusal> {
  return new Refusals({
    ...options,
    keyOf: ({ address, caller = '', request }) =>
      [address, caller, request?.method, request?.route].join(' '),
    draftOf: refusalRecord,
    describe: ({ reason, tokenId, request }) => ({ reason, token: tokenId, route: request?.route }),
  });
}
