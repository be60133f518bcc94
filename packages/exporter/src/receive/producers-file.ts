import type { LedgerReader } from '@spanledger/ledger';
import { isJsonObject, readSkippedNumbers, type SkippedNumbers } from '@spanledger/record';
import { readStateFile, writeStateFile } from '../state-file.ts';
import type { Intake } from './intake.ts';
import { MAX_RECENT_IDS, type Producers } from './producers.ts';

/** How often the state is written. */
const PRODUCERS_INTERVAL_MS = 10_000;

const VERSION = 1;

/** `state/producers.json`. */
interface ProducersState {
  version: typeof VERSION;
  /** Entries of the log before this index are covered. */
  position: number;
  unsequenced: boolean;
  streams: [string, number[]][];
}

/**
 * Restores what producers had sent: from the state file, then from the entries of the log that are not in it. Without
 * a usable file all of the log is read, which takes longer and gives the same.
 */
export async function restoreProducers(
  file: string,
  producers: Producers,
  log: { reader: Pick<LedgerReader, 'entries'>; size: number },
): Promise<void> {
  const state = parseState(await readStateFile(file), log.size);
  if (state !== undefined) producers.restore(state);
  const position = state?.position ?? 0;
  // Recent ids are not in the file: they are read from the log once more.
  const from = state?.unsequenced === true ? Math.max(0, position - MAX_RECENT_IDS) : position;
  for await (const { bytes } of log.reader.entries(from, log.size)) {
    const { id, streamId, number, skipped } = parseIdentity(bytes);
    if (skipped !== undefined) producers.addNumbers(skipped.streamId, skipped.bounds);
    // A lifecycle event is of its span, which has an entry of its own.
    if (/-e\d+$/.test(id)) continue;
    if (streamId === undefined || number === undefined) producers.add({ id });
    else producers.add({ id, producer: { streamId, number } });
  }
}

/**
 * Writes the state file.
 *
 * @returns false if there was no moment for it; the file is as it was
 */
export async function saveProducers(file: string, intake: Pick<Intake, 'snapshot'>): Promise<boolean> {
  const snapshot = await intake.snapshot();
  if (snapshot === undefined) return false;
  await writeStateFile(
    file,
    JSON.stringify({ version: VERSION, position: snapshot.position, ...snapshot.producers }),
  );
  return true;
}

/** Anything unexpected counts as no file at all: the log knows everything that the file does. */
function parseState(text: string | undefined, size: number): ProducersState | undefined {
  let state: unknown;
  try {
    state = JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
  if (!isState(state) || state.position > size) return undefined;
  return state;
}

function isState(value: unknown): value is ProducersState {
  if (typeof value !== 'object' || value === null) return false;
  if (!('version' in value) || value.version !== VERSION) return false;
  if (!('position' in value) || !isCount(value.position)) return false;
  if (!('unsequenced' in value) || typeof value.unsequenced !== 'boolean') return false;
  return 'streams' in value && Array.isArray(value.streams) && value.streams.every(isStream);
}

function isStream(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') return false;
  const bounds: unknown = value[1];
  return (
    Array.isArray(bounds) &&
    bounds.length % 2 === 0 &&
    bounds.every(
      (bound, i) =>
        isCount(bound) && (i === 0 || bound > bounds[i - 1] || (i % 2 === 1 && bound === bounds[i - 1])),
    )
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** What names a span, as its record has it. Entries of the log are canonical records of our own. */
function parseIdentity(bytes: Uint8Array): {
  id: string;
  streamId?: string;
  number?: number;
  skipped?: SkippedNumbers;
} {
  const record: unknown = JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
  );
  const audit = member(record, 'audit');
  const id = member(member(audit, 'record'), 'id');
  const sequence = member(audit, 'sequence');
  const streamId = member(sequence, 'stream_id');
  const number = member(sequence, 'number');
  const skipped = isJsonObject(record) ? readSkippedNumbers(record) : undefined;
  return {
    id: typeof id === 'string' ? id : '',
    ...(skipped !== undefined && { skipped }),
    ...(typeof streamId === 'string' && { streamId }),
    ...(isCount(number) && { number }),
  };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/**
 * Writes the state file now and then.
 *
 * @returns stops, after a last write
 */
export function keepProducers(
  file: string,
  intake: Pick<Intake, 'snapshot'>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let saving: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    saving = saving.then(() => saveProducers(file, intake)).catch(onError);
  }, PRODUCERS_INTERVAL_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await saving;
    await saveProducers(file, intake);
  };
}
