import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '@spanledger/record';
import type { Logger } from 'pino';

import type { Archive } from './archive-types.ts';
import { textAt } from './subject-finder.ts';
import { type Hold, holdSchema } from './subjects/index.ts';

const RETRY_MS = 1000;
const PAGE_RECORDS = 1000;

/** What {@link recordedHolds} works with. */
export interface RecordedHoldsOptions {
  archive: Pick<Archive, 'search'>;
  /** Everything that is durable can be found; rejects where that takes too long. */
  caughtUp: () => Promise<void>;
  /** Ends the search with a rejection: the service stops. */
  signal: AbortSignal;
  log: Pick<Logger, 'warn'>;
}

/**
 * The legal holds that the ledger has records of: who set and who released them stands in the clear, what a query asks for
 * is opened. One whose query cannot be read any more covers everything: it is for people to release it.
 *
 * @throws AbortError when the service stops before everything is found
 */
export async function recordedHolds(options: RecordedHoldsOptions): Promise<Hold[]> {
  const { archive, caughtUp, signal, log } = options;
  let isTold = false;
  for (;;) {
    try {
      await caughtUp();
      const released = new Map<string, JsonObject>();
      for await (const record of recordsOf(archive, 'privacy.hold.released')) {
        released.set(textAt(record, ['audit', 'hold', 'id']) ?? '', record);
      }
      const holds: Hold[] = [];
      for await (const record of recordsOf(archive, 'privacy.hold.set')) {
        const id = textAt(record, ['audit', 'hold', 'id']);
        // Who sends spans can name an action so: no span has this member.
        if (id === undefined) continue;
        const hold = holdSchema.safeParse(describeHold(id, record, released.get(id)));
        if (hold.success) holds.push(hold.data);
      }
      return holds;
    } catch (error) {
      signal.throwIfAborted();
      if (!isTold)
        log.warn({ err: error }, 'which legal holds there are cannot be told yet: nothing is erased before');
      isTold = true;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

async function* recordsOf(archive: Pick<Archive, 'search'>, action: string): AsyncGenerator<JsonObject> {
  const query = `event.action:${action} and audit.actor.type:system`;
  let cursor: string | undefined;
  do {
    const page = await archive.search({
      query,
      limit: PAGE_RECORDS,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.records;
    cursor = page.next;
  } while (cursor !== undefined);
}

function describeHold(id: string, set: JsonObject, released: JsonObject | undefined): object {
  const kind = textAt(set, ['audit', 'hold', 'kind']);
  const target = textAt(set, ['audit', 'target', 'id']);
  const isReference = kind === 'subject' || kind === 'session';
  const field = kind === 'subject' ? 'audit.actor.id' : 'audit.session.id';
  return {
    id,
    kind,
    query: isReference ? `${field}:"${target}"` : (textAt(set, ['attributes', 'hold.query']) ?? ''),
    ...(isReference && { reference: target }),
    reason: textAt(set, ['message']) ?? '',
    set_by: { name: textAt(set, ['audit', 'hold', 'by']) ?? '', role: 'unknown' },
    set_at: textAt(set, ['@timestamp']),
    ...(released !== undefined && {
      released_by: { name: textAt(released, ['audit', 'hold', 'by']) ?? '', role: 'unknown' },
      released_at: textAt(released, ['@timestamp']),
    }),
  };
}
