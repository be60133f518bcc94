/**
 * Where a ledger keeps its files. Names are relative, with `/` between their parts: `ledger/checkpoint`,
 * `journal/00000000000000000000.segment`. {@link checkName} says which there can be.
 */

/** Which bytes of a file are wanted. */
export interface ByteRange {
  /** The first byte's offset. */
  start: number;
  /** The offset after the last byte; Infinity for the end of the file. */
  end: number;
}

/** A whole file. */
export interface StoredFile {
  name: string;
  bytes: Uint8Array;
}

/** What can be read, also from beside the process that writes. */
export interface ReadableStorage {
  /**
   * Reads a file, or a part of it.
   *
   * @param range no more than this; less where the file ends before
   * @returns undefined if there is no such file
   */
  read(name: string, range?: ByteRange): Promise<Buffer | undefined>;
  /**
   * What is directly in a folder, in no order: the last part of each name, with a `/` at its end where it is a folder
   * itself. Empty if there is no such folder.
   *
   * @param folder a name; empty for all that is at the top
   */
  list(folder: string): Promise<string[]>;
}

/**
 * Storage that this process alone may write.
 *
 * **Durability.** When {@link put}, {@link append} or {@link remove} resolves, what it did survives a power cut. When
 * one rejects, or the process ends before it settles, each file it was about is as it was or as it was meant to be,
 * except that `append` may leave anything behind `position`. What was durable before is never lost.
 *
 * Calls about different names may overlap. Calls about one name are the caller's to keep in order.
 */
export interface WritableStorage extends ReadableStorage {
  /** Creates or replaces files, each whole or not at all, in no order. */
  put(files: readonly StoredFile[]): Promise<void>;
  /**
   * Makes a file end with these bytes: they stand from `position` on, and what was there is cut off. The bytes before
   * are durable too when it resolves. At 0 the file is created where there is none; without bytes it is only cut.
   *
   * @param roomBytes above 0, zeros may be left behind them, at most so many or what a call asked for before: room for
   *   what is appended next, which a driver may write faster where the file need not grow. A call with 0, or without,
   *   cuts them off.
   * @param isAlone nobody else waits to append: a driver may block the thread for as long as it expects the disk to take
   * @throws if the file is shorter than `position`
   */
  append(
    name: string,
    position: number,
    buffers: readonly Uint8Array[],
    roomBytes?: number,
    isAlone?: boolean,
  ): Promise<void>;
  /** Undefined where no other thread can write to the files. */
  readonly lending?: Lending | undefined;
  /** Removes files, and the folders that get empty; no error for those that are not there. */
  remove(names: readonly string[]): Promise<void>;
  /** Lets others write. Nothing more may be called. */
  release(): Promise<void>;
}

/** Files that another thread of the process can append to. */
export interface Lending {
  /** Fewer bytes are not worth it. */
  readonly fromBytes: number;
  /**
   * As {@link WritableStorage.append}, with bytes that somebody else writes and syncs. Room that is there may be left behind
   * them.
   *
   * @param use given the number of the open file, which is open until this settles; gives where the file ends then
   */
  lend(name: string, position: number, use: (fd: number) => Promise<number>): Promise<void>;
}

/** A place for a ledger: on disk ({@link fileStorage}), or in memory ({@link memoryStorage}). */
export interface Storage extends ReadableStorage {
  /**
   * Makes the caller the only one who may write, until it lets go or its process ends, however that happens.
   *
   * @param writer what it is called in the message for whoever is refused
   * @throws LedgerError `ledger_locked`, naming the writer and its pid
   */
  lock(writer: string): Promise<WritableStorage>;
}
