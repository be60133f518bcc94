/** The sender's thread: see docs/decisions/0003-sender-in-a-worker.md. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { SpoolCounters } from '../spool/spool-counters.ts';
import {
  adoptFolders,
  currentProcess,
  HEARTBEAT_MS,
  touchFolder,
  type ProducerFolder,
} from '../spool/spool-directory.ts';
import { SpoolReader, type SpoolDamage } from '../spool/spool-reader.ts';
import { SpoolSeal } from '../spool/spool-seal.ts';
import { describeError } from '../warning.ts';
import { BackOff } from './back-off.ts';
import { lossReport } from './loss-report.ts';
import { readCredentials } from './credentials.ts';
import type { FromSender, SenderData, ToSender } from './messages.ts';
import { otlpReceiver } from './receiver.ts';
import { RejectedStore } from './rejected-store.ts';
import { openSyncable, SegmentSyncer, SYNC_INTERVAL_MS } from './segment-syncer.ts';
import { Sender, type AdoptedFolder } from './sender.ts';

// The only sender of this message is sender-thread.ts, and both ends are one package.
const data: SenderData = workerData;
const seal = data.spoolKey && new SpoolSeal(data.spoolKey);

function report(message: FromSender): void {
  parentPort?.postMessage(message);
}

function warn(code: string, message: string): void {
  report({ kind: 'warning', code, message });
}

function onDamage(damage: SpoolDamage): void {
  // A process that is killed while it writes leaves one behind; nobody was told that it was written.
  if (damage === 'torn_end') return;
  warn(
    'SPANLEDGER_SPOOL_DAMAGED',
    'Spanledger skipped damaged bytes in its spool. The receiver will see the gap in the sequence.',
  );
}

function asAdopted({ path, streamId }: { path: string; streamId: string }): AdoptedFolder {
  return {
    reader: new SpoolReader(path, false, onDamage, seal),
    lossReport: () => lossReport(path, streamId, Date.now()),
  };
}

/** What an earlier sender of this process has left behind. */
function resumed(paths: readonly string[]): AdoptedFolder[] {
  return paths
    .filter((path) => existsSync(path))
    .map((path) => asAdopted({ path, streamId: basename(path).split('-').at(-1) ?? '' }));
}

/** Variables whose file could not be read: told once each. */
const toldFiles = new Set<string>();

function warnOfFile(variable: string): void {
  if (toldFiles.has(variable)) return;
  toldFiles.add(variable);
  warn(
    'SPANLEDGER_FILE_UNREADABLE',
    `The file that ${variable} names cannot be read. Spanledger goes on without it; records wait until the receiver takes them.`,
  );
}

/** Threads that have ended since the last look. */
const endedThreads = new Set<number>();

function takeOver({ spoolDirectory, thread }: SenderData): readonly ProducerFolder[] {
  const { adopted, newer, sealed, foreign } = adoptFolders(
    spoolDirectory,
    currentProcess(thread),
    Date.now(),
    endedThreads,
    seal,
  );
  endedThreads.clear();
  if (newer > 0) {
    warn(
      'SPANLEDGER_SPOOL_NEWER',
      'Spanledger leaves a part of its spool alone that a newer version wrote. Start that version to have it sent.',
    );
  }
  if (sealed > 0) {
    warn(
      'SPANLEDGER_SPOOL_SEALED',
      'Spanledger leaves a part of its spool alone that is sealed under another key. Start a process with that key in SPANLEDGER_SPOOL_KEY_FILE to have it sent.',
    );
  }
  if (foreign > 0) {
    warn(
      'SPANLEDGER_SPOOL_FOREIGN',
      'Spanledger leaves a part of its spool alone that belongs to another user, in a directory that everybody may write to.',
    );
  }
  if (adopted.length > 0) report({ kind: 'adopted', folders: adopted.map(({ path }) => path) });
  return adopted;
}

function syncRegularly(folder: string, counters: SpoolCounters, live: SpoolReader): void {
  const syncer = new SegmentSyncer({ folder, counters, confirmed: () => live.confirmed, open: openSyncable });
  setInterval(() => {
    try {
      syncer.run();
    } catch (error) {
      warn(
        'SPANLEDGER_SPOOL_SYNC_FAILED',
        `Spanledger's spool could not be synced to the disk (${describeError(error)}): records may not survive the death of the machine.`,
      );
    }
  }, SYNC_INTERVAL_MS);
}

function start(): void {
  const counters = new SpoolCounters(data.counters);
  counters.forgetAdopted();
  const folder = join(data.spoolDirectory, data.folder);
  const live = new SpoolReader(folder, true, onDamage, seal);
  let left = resumed(data.resume);
  const sender = new Sender({
    live,
    adopt: () => {
      const again = left;
      left = [];
      return [...again, ...takeOver(data).map(asAdopted)];
    },
    receiver: otlpReceiver(data.endpoint, readCredentials(data.credentials, warnOfFile)),
    rejected: new RejectedStore(data.spoolDirectory, seal),
    backOff: new BackOff(Math.random),
    counters,
    report,
    intervalMs: data.intervalMs,
    now: Date.now,
  });
  if (data.fsync === 'interval') syncRegularly(folder, counters, live);
  setInterval(() => {
    touchFolder(folder, Date.now());
  }, HEARTBEAT_MS);
  parentPort?.on('message', (message: ToSender) => {
    if (message.kind === 'thread_ended') {
      endedThreads.add(message.thread);
      sender.adoptSoon();
    }
    if (message.kind === 'hurry') sender.hurry();
    else sender.wake();
  });
  const forEver = new AbortController();
  // A failure ends the thread; the application's thread hears of it and starts another.
  void sender.run(forEver.signal).catch((error: unknown) => {
    process.nextTick(() => {
      throw error;
    });
  });
}

start();
