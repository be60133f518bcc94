import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryEpochKeys, openLedger, type NoteSigner } from '@spanledger/ledger';
import { makeSpanBatch } from '../support/ledger/span-batches.ts';
import type { EvaluationWitness } from './witnessing.ts';
import { checkpointIn, LogCopy, type LogFiles } from './log-copy.ts';

/** A log that the engine wrote, as it was after each checkpoint that it published. */
export interface RecordedLog {
  signer: NoteSigner;
  /** The log's files at each checkpoint but the first, in order; what did not change is shared. */
  states: LogFiles[];
  /** The files as they are in the end. */
  files: LogFiles;
  /** The sizes of all checkpoints, ascending from 0, the one of the empty log. */
  sizes: number[];
}

/**
 * Has the engine record a log.
 *
 * @param batches how many entries come before each checkpoint
 * @param seed of the records; the same one gives the same log
 * @param witness signs every checkpoint
 */
export async function recordLog(
  batches: readonly number[],
  signer: NoteSigner,
  seed: string,
  witness: EvaluationWitness,
): Promise<RecordedLog> {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-evaluation-'));
  try {
    const { witnessing } = witness;
    const states: LogFiles[] = [];
    let files: LogFiles = new Map();
    let size = 0;
    for (const count of batches) {
      // Closed each time: then all is as it stays, and nothing is removed while it is read.
      const ledger = await openLedger({ directory, signer, epochKeys: memoryEpochKeys(), witnessing });
      await ledger.append(makeSpanBatch({ first: size, count, seed }));
      await ledger.close();
      size += count;
      files = await readLog(join(directory, 'ledger'), files);
      states.push(files);
    }
    const sizes = new LogCopy(files).notes().map((note) => checkpointIn(note).size);
    return { signer, sizes, states, files };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Reads the files of a log.
 *
 * @param before what was read before: full tiles, which never change, are taken from there
 */
export async function readLog(directory: string, before: LogFiles = new Map()): Promise<LogFiles> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    const known = path.startsWith('tile/') ? before.get(path) : undefined;
    files.set(path, known ?? (await readFile(join(directory, path))));
  }
  return files;
}
