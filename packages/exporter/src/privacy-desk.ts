import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';

import type { Archive } from './archive-types.ts';
import type { Closers } from './closers.ts';
import { ExporterError } from './errors.ts';
import type { ErasureStep, SubjectNames } from './followers/index.ts';
import type { HoldRequest, PrivacyDesk } from './privacy-desk-types.ts';
import { createRowSealer, type References, type VaultFollower } from './privacy/index.ts';
import type { Intake } from './receive/index.ts';
import { recordedHolds } from './recorded-holds.ts';
import { parseQuery } from './search/query/index.ts';
import { findSubject, first, textAt } from './subject-finder.ts';
import {
  type Asker,
  Erasures,
  erasureRecordId,
  type ErasedCounts,
  Holds,
  type PlannedErasure,
  SealedRows,
} from './subjects/index.ts';

const POLL_MS = 20;

/** How long something waits for the index to catch up with what is durable. */
const INDEX_WAIT_MS = 60_000;

const MAX_REASON_LENGTH = 1000;

/** Who asks where everybody is let in. */
const ANYBODY: Asker = { name: 'anybody', role: 'anybody' };

/** What the desk joins. */
export interface PrivacyDeskOptions {
  /** Takes its rows; they are the caller's to close. */
  rows: SealedRows;
  /** Of the configuration: one asks, another approves. */
  fourEyes: boolean;
  ledger: Pick<Ledger, 'sizes' | 'origin' | 'vkey'>;
  archive: Archive;
  intake: Pick<Intake, 'record' | 'settled'>;
  references: Pick<References, 'isErased' | 'retire'>;
  vaultFollower: Pick<VaultFollower, 'flush'>;
  threads: {
    destroyKey: (reference: string) => Promise<string[]>;
    gather: (reference: string, until: number) => Promise<SubjectNames>;
    mentions: (reference: string, names: SubjectNames, until: number) => Promise<number[]>;
    erase: (
      reference: string,
      mentions: number[],
      names: SubjectNames,
      until: number,
    ) => Promise<ErasureStep>;
    eraseDocuments: (reference: string, mentions: number[], until: number) => Promise<number | undefined>;
  };
  /** The first ledger index that the embedded index has not taken in. */
  indexed: () => number;
  log: Logger;
}

/** The desk of a service, and what it does by itself. */
export interface RunningDesk extends PrivacyDesk {
  /** Goes on with erasures that were begun before. */
  start(): void;
  stop(): Promise<void>;
}

/**
 * Opens the desk of a data directory; it is stopped and closed by `closers`.
 *
 * @param options - `file`: where erasures and holds are kept, under a key of their own drawn from `indexKey`
 * @throws ExporterError `privacy_state_damaged`
 */
export function openDesk(
  options: Omit<PrivacyDeskOptions, 'rows'> & { file: string; indexKey: Uint8Array; closers: Closers },
): RunningDesk {
  const { file, indexKey, closers } = options;
  const rows = new SealedRows(file, createRowSealer(indexKey, 'privacy'));
  closers.add(() => {
    rows.close();
  });
  const desk = joinDesk({ ...options, rows });
  closers.add(() => desk.stop());
  return desk;
}

function joinDesk(options: PrivacyDeskOptions): RunningDesk {
  const { rows, fourEyes, ledger, archive, intake, log } = options;
  const append = (draft: RecordDraft): Promise<void> => intake.record([draft]);
  const stopping = new AbortController();
  /** Everything that is durable now can be found. */
  const caughtUp = async (): Promise<void> => {
    const { durable } = ledger.sizes();
    const deadline = Date.now() + INDEX_WAIT_MS;
    while (options.indexed() < durable) {
      if (Date.now() > deadline) {
        throw new ExporterError('erasure_refused', 'the index has not caught up with the ledger yet', {
          hint: 'Ask again later; spanledger doctor says how far it is.',
        });
      }
      await delay(POLL_MS, undefined, { signal: stopping.signal });
    }
  };
  const find = async (query: string): ReturnType<typeof first> => {
    await caughtUp();
    return await first(archive, query);
  };
  const holds = new Holds({
    rows,
    matches: async (query, reference) =>
      (await find(`audit.actor.id:"${reference}" and (${query})`)) !== undefined,
    append,
    now: Date.now,
  });
  const erasures = new Erasures({
    rows,
    holds,
    fourEyes,
    gather: (reference) => options.threads.gather(reference, ledger.sizes().durable),
    isDestroyed: (reference) => options.references.isErased(reference),
    destroyKey: async (reference) => {
      // By then the vault knows every name that stands for a reference of the subject.
      await options.vaultFollower.flush(ledger.sizes().durable);
      options.references.retire(await options.threads.destroyKey(reference));
    },
    erase: (planned, keepMentions) => eraseSubject(planned, keepMentions, options),
    append,
    isRecorded: async (recordId) => (await find(`audit.record.id:"${recordId}"`)) !== undefined,
    log,
    now: Date.now,
  });
  const reference = async (subject: Parameters<PrivacyDesk['findSubject']>[0]): Promise<string> => {
    await caughtUp();
    return await findSubject(archive, subject);
  };
  return {
    findSubject: reference,
    async requestErasure(subject, reason, asker) {
      checkReason(reason, subject.id);
      if (fourEyes && asker === undefined) throw needsRoles();
      return await erasures.request(await reference(subject), reason, asker ?? ANYBODY);
    },
    async approveErasure(id, asker) {
      if (asker === undefined) throw needsRoles();
      return await erasures.approve(id, asker);
    },
    withdrawErasure: (id) => erasures.withdraw(id),
    erasures: () => Promise.resolve(erasures.list()),
    async erasure(id) {
      return erasures.get(id);
    },
    async certificate(id) {
      const erasure = erasures.get(id);
      if (erasure.state !== 'completed') {
        throw new ExporterError('erasure_refused', `the erasure ${id} is ${erasure.state}`, {
          hint: 'There is a certificate once it is completed.',
        });
      }
      const record = await find(`audit.record.id:"${erasureRecordId(id, 'completed')}"`);
      const proof = record && (await archive.proof(textAt(record, ['audit', 'record', 'id']) ?? ''));
      if (record === undefined || proof === undefined) {
        throw new ExporterError('not_found', `the record of the erasure ${id} is not published yet`, {
          hint: 'Ask again in a second.',
        });
      }
      return { erasure, origin: ledger.origin, vkey: ledger.vkey, record, proof };
    },
    async addHold(wish, asker) {
      checkReason(wish.reason);
      return await holds.add({ ...(await describeHold(wish)), reason: wish.reason }, asker ?? ANYBODY);
    },
    holds: () => holds.list(),
    async releaseHold(id, reason, asker) {
      checkReason(reason);
      const released = await holds.release(id, reason, asker ?? ANYBODY);
      erasures.resume();
      return released;
    },
    start() {
      holds.restore(() => recordedHolds({ archive, caughtUp, signal: stopping.signal, log }));
      erasures.start();
    },
    async stop() {
      stopping.abort();
      await erasures.stop();
    },
  };

  async function describeHold(
    wish: HoldRequest,
  ): Promise<Pick<Parameters<Holds['add']>[0], 'kind' | 'query' | 'reference'>> {
    const { subject, session, query, time } = wish;
    if (subject !== undefined) {
      const found = await reference(subject);
      return { kind: 'subject', reference: found, query: `audit.actor.id:"${found}"` };
    }
    if (session !== undefined) {
      await caughtUp();
      const found = await archive.session(session, { limit: 1 });
      if (found === undefined) throw new ExporterError('not_found', 'there is no such session');
      return { kind: 'session', reference: found.id, query: `audit.session.id:"${found.id}"` };
    }
    if (query !== undefined) {
      parseQuery(query);
      return { kind: 'query', query };
    }
    const { from, to } = time ?? {};
    const bounds = [
      ...(from === undefined ? [] : [`@timestamp >= ${JSON.stringify(from)}`]),
      ...(to === undefined ? [] : [`@timestamp < ${JSON.stringify(to)}`]),
    ];
    if (bounds.length === 0) {
      throw new ExporterError(
        'request_malformed',
        'a legal hold needs a subject, a session, a query or a time',
        {
          hint: 'Give exactly one of them.',
        },
      );
    }
    parseQuery(bounds.join(' and '));
    return { kind: 'time', query: bounds.join(' and ') };
  }
}

/**
 * Erases a subject from the vault, the journal, the index and the other followers. It can be done again from its
 * beginning, whichever step it was interrupted at.
 */
async function eraseSubject(
  { reference, names, mentions: known }: PlannedErasure,
  keepMentions: (indexes: number[]) => void,
  { ledger, intake, references, vaultFollower, threads }: PrivacyDeskOptions,
): Promise<{ before: number; counts: ErasedCounts }> {
  // From here on nothing more is recorded under these references; what still lies under a key of the journal goes with it.
  await intake.settled();
  const before = ledger.sizes().durable;
  await vaultFollower.flush(before);
  // What is newer names somebody whom nobody knows any more, and may be on its way elsewhere still.
  const named = (await threads.mentions(reference, names, before)).filter((index) => index < before);
  const mentions = [...new Set([...known, ...named])];
  mentions.sort((a, b) => a - b);
  keepMentions(mentions);
  const erased = await threads.erase(reference, mentions, names, before);
  references.retire(erased.references);
  const { counts = { records: 0, companions: 0, mentions: 0, sessions: 0 } } = erased;
  const elasticsearch = await threads.eraseDocuments(reference, mentions, before);
  return { before, counts: { ...counts, ...(elasticsearch !== undefined && { elasticsearch }) } };
}

function checkReason(reason: string, name?: string): void {
  if (reason.trim() === '' || reason.length > MAX_REASON_LENGTH) {
    throw new ExporterError(
      'request_malformed',
      `the reason must have 1 to ${MAX_REASON_LENGTH} characters`,
      {
        hint: 'Say which request or rule it is for, e.g. "Art. 17 request, ticket 4711".',
      },
    );
  }
  if (name !== undefined && name !== '' && reason.toLowerCase().includes(name.toLowerCase())) {
    throw new ExporterError('request_malformed', 'the reason names the person who is to be erased', {
      hint: 'It stays in the ledger’s record of the erasure: write the number of the request instead.',
    });
  }
}

function needsRoles(): ExporterError {
  return new ExporterError(
    'permission_denied',
    'an erasure takes two people, and this service lets everybody in',
    {
      hint: 'Make tokens of two roles (spanledger tokens create --role privacy-officer, --role administrator), or set privacy.four_eyes: false.',
    },
  );
}
