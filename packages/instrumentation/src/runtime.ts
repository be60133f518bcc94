import { type KeyObject, randomBytes } from 'node:crypto';
import { threadId, type Worker } from 'node:worker_threads';
import { watchProviders } from './attach/api-trap.ts';
import { MissingProvider } from './attach/missing-provider.ts';
import { attachToProvider } from './attach/provider.ts';
import { AuditProcessor } from './audit/audit-processor.ts';
import { SpoolSink } from './audit/spool-sink.ts';
import type { InstrumentationConfig } from './config.ts';
import type { EventContext } from './events/event-context.ts';
import { PendingAuthorizations } from './events/pending-authorizations.ts';
import { createLibraries } from './libraries/libraries.ts';
import { hookLibraries } from './libraries/load-hooks.ts';
import { TraceEncoder } from './otlp/encoder.ts';
import { StandIn } from './own-provider/stand-in.ts';
import { SelfMetrics } from './metrics/self-metrics.ts';
import { incomingSessions, startOutgoing } from './propagation/propagation.ts';
import { SenderThread } from './sender/sender-thread.ts';
import { watchIncomingRequests } from './servers/incoming-requests.ts';
import { Lifecycle } from './session/lifecycle.ts';
import { SessionRegistry } from './session/session-registry.ts';
import { currentProcess, folderName, hasFolderOfThread, hasOtherFolders } from './spool/spool-directory.ts';
import { SpoolCounters } from './spool/spool-counters.ts';
import { drawSpoolKey, readSpoolKey, SpoolSeal } from './spool/spool-seal.ts';
import { SpoolWriter } from './spool/spool-writer.ts';
import { describeError, guarded, warnOnce } from './warning.ts';

const STREAM_ID_BYTES = 16;

/** What register has set up, as the public functions use it. */
export interface Runtime {
  readonly events: EventContext;
  readonly processor: AuditProcessor;
  /** Provides tracers for as long as the application does not. */
  readonly standIn: StandIn;
}

/**
 * Joins the parts: spans flow from the application's tracer provider through the audit processor into the spool, from
 * which a worker sends them; the hooked libraries say whose they are.
 *
 * @param config - The settings.
 */
export function startRuntime(config: InstrumentationConfig): Runtime {
  const streamId = randomBytes(STREAM_ID_BYTES).toString('hex');
  const folder = folderName(currentProcess(threadId), streamId);
  const counters = new SpoolCounters();
  const spoolKey = loadSpoolKey(config.spoolKeyFile);
  const writer = new SpoolWriter({
    spoolDirectory: config.spoolDirectory,
    folder,
    maxBytes: config.spoolMaxBytes,
    fsync: config.spoolFsync,
    blockMs: config.spoolBlockMs,
    counters,
    seal: spoolKey && new SpoolSeal(spoolKey),
    now: monotonicNow,
  });
  const sender = new SenderThread(
    {
      spoolDirectory: config.spoolDirectory,
      folder,
      thread: threadId,
      endpoint: config.endpoint,
      credentials: config.credentials,
      fsync: config.spoolFsync,
      intervalMs: config.sendIntervalMs,
      counters: counters.buffer,
      resume: [],
      spoolKey,
    },
    {
      onAttempt: (durationMs, error) => {
        guarded('METRICS', () => {
          metrics.recordAttempt(durationMs, error);
        });
      },
    },
  );
  const sink = new SpoolSink({
    streamId,
    encoder: new TraceEncoder(streamId),
    writer,
    onWritten: () => {
      sender.start();
      sender.notify();
      metrics.look();
    },
    now: monotonicNow,
  });
  const metrics = new SelfMetrics({
    emitted: () => sink.emitted,
    exported: () => counters.exported,
    dropped: () => [...sink.lost, ['rejected', counters.rejected]],
    depth: () => Math.max(0, writer.written - counters.settled),
  });
  const processor = new AuditProcessor(sink, monotonicNow, config.record);
  const sessions = new SessionRegistry(config);
  const missing = new MissingProvider(process.env);
  const lifecycle = new Lifecycle(processor, sink, Date.now, () => {
    missing.noteWork();
  });
  const events = { lifecycle, sessions, pending: new PendingAuthorizations(), now: Date.now };
  const standIn = new StandIn({
    processor,
    env: process.env,
    onUsed: () => {
      missing.found();
    },
  });
  guarded('LIBRARIES', () => {
    hookLibraries(createLibraries(events));
  });
  guarded('ATTACH', () => {
    watchProviders((provider) =>
      guarded('ATTACH', () => {
        if (!attachToProvider(provider, processor)) return;
        missing.found();
        standIn.stepAside(provider);
      }),
    );
  });
  guarded('STAND_IN', () => {
    standIn.coverUnexported();
  });
  const propagation = { config, processor, lifecycle, sessions, now: Date.now };
  guarded('PROPAGATE', () => {
    startOutgoing(propagation);
  });
  guarded('INCOMING_REQUESTS', () => {
    const incoming = guarded('PROPAGATION', () => incomingSessions(propagation));
    watchIncomingRequests({ processor, lifecycle, incoming, now: Date.now });
  });
  guarded('WATCH_REQUESTS', () => {
    missing.watchRequests();
  });
  guarded('SPOOL', () => {
    // A process that never traces anything still sends what its predecessor left.
    if (hasOtherFolders(config.spoolDirectory)) sender.start();
  });
  guarded('THREADS', () => {
    sendForThreads(config.spoolDirectory, sender);
  });
  endWithProcess({
    missing,
    lifecycle,
    processor,
    sink,
    writer,
    sender,
    exitTimeoutMs: config.exitTimeoutMs,
  });
  return { events, processor, standIn };
}

/** What a thread of this one could not send any more: `terminate()` and `process.exit()` leave it no time. */
function sendForThreads(spoolDirectory: string, sender: SenderThread): void {
  process.on('worker', (worker: Worker) => {
    if (sender.isWorker(worker)) return;
    const thread = worker.threadId;
    worker.once('exit', () => {
      guarded('THREADS', () => {
        if (hasFolderOfThread(spoolDirectory, thread)) sender.adoptFromThread(thread);
      });
    });
  });
}

interface Ending {
  readonly missing: MissingProvider;
  readonly lifecycle: Lifecycle;
  readonly processor: AuditProcessor;
  readonly sink: SpoolSink;
  readonly writer: SpoolWriter;
  readonly sender: SenderThread;
  readonly exitTimeoutMs: number;
}

/**
 * At the end of the process what waits is written. No signal is listened for: a listener would change what the signal
 * does to the application, and there is nothing to gain, since spans are written milliseconds after they end.
 */
function endWithProcess({
  missing,
  lifecycle,
  processor,
  sink,
  writer,
  sender,
  exitTimeoutMs,
}: Ending): void {
  let waitedAt: number | undefined;
  process.on('beforeExit', () => {
    guarded('BEFORE_EXIT', () => {
      missing.tellIfMissing();
      lifecycle.flush();
      processor.releaseAll();
      // Now, so that it arrives before the process goes.
      sink.end();
      const { position, written } = writer;
      // Waiting ends in this event again: once for what is there is enough.
      if (position === undefined || sender.hasArrived(position) || waitedAt === written) return;
      waitedAt = written;
      void sender.settle(position, exitTimeoutMs);
    });
  });
  process.on('exit', () => {
    guarded('EXIT', () => {
      lifecycle.flush();
      processor.releaseAll();
      sink.end();
      const { position } = writer;
      writer.close(position !== undefined && sender.hasArrived(position));
    });
  });
}

function monotonicNow(): number {
  return performance.now();
}

/** Without a key that can be read nothing is written in the clear all the same: it is sealed under one of this process. */
function loadSpoolKey(file: string | undefined): KeyObject | undefined {
  if (file === undefined) return undefined;
  try {
    return readSpoolKey(file);
  } catch (error) {
    warnOnce(
      'SPANLEDGER_SPOOL_KEY_UNUSABLE',
      `The key in SPANLEDGER_SPOOL_KEY_FILE cannot be used (${describeError(error)}). Spanledger seals its spool under a key of this process alone: what is not sent before it ends is lost.`,
    );
    return drawSpoolKey();
  }
}
