/** The sender's thread: see docs/decisions/0003-sender-in-a-worker.md. */
import { parentPort, workerData } from 'node:worker_threads';
import { join } from 'node:path';
import { adoptFolders, currentProcess } from '../spool/spool-directory.ts';
import { SpoolReader } from '../spool/spool-reader.ts';
import { BackOff } from './back-off.ts';
import type { FromSender, SenderData } from './messages.ts';
import { otlpReceiver } from './receiver.ts';
import { RejectedStore } from './rejected-store.ts';
import { Sender } from './sender.ts';

function report(message: FromSender): void {
  parentPort?.postMessage(message);
}

function onDamage(): void {
  report({
    kind: 'warning',
    code: 'SPANLEDGER_SPOOL_DAMAGED',
    message: 'Spanledger skipped damaged bytes in its spool. The receiver will see the gap in the sequence.',
  });
}

function start(data: SenderData): void {
  const owner = currentProcess();
  const sender = new Sender({
    live: new SpoolReader(join(data.spoolDirectory, data.folder), true, onDamage),
    adopt: () =>
      adoptFolders(data.spoolDirectory, owner, Date.now()).map(
        (folder) => new SpoolReader(folder, false, onDamage),
      ),
    receiver: otlpReceiver(data.endpoint, data.token),
    rejected: new RejectedStore(data.spoolDirectory),
    backOff: new BackOff(Math.random),
    report,
    now: Date.now,
  });
  parentPort?.on('message', () => {
    sender.wake();
  });
  const forEver = new AbortController();
  // A failure ends the thread; the application's thread hears of it and starts another.
  void sender.run(forEver.signal).catch((error: unknown) => {
    process.nextTick(() => {
      throw error;
    });
  });
}

// The only sender of this message is sender-thread.ts, and both ends are one package.
const data: SenderData = workerData;
start(data);
