const LIVE_BYTES = 0;
const ADOPTED_BYTES = 1;
const EXPORTED = 2;
const REJECTED = 3;
const SETTLED = 4;
const NUMBERS = 5;
const FREED = 0;
const APPENDED = 1;
const SYNCED = 2;
const SENDER_IDLE = 3;
const SEGMENT = 4;
const SIGNALS = 5;

/**
 * Numbers that the application's thread and its sender share in memory: neither waits for the other's event loop to
 * hear of them, and a thread that is blocked for room sees it being made.
 */
export class SpoolCounters {
  /** Hand it to the other thread, which makes its own view of it. */
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: BigInt64Array;
  readonly #signals: Int32Array;

  /** @param buffer - Of the other thread's counters; absent where they begin. */
  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(
      NUMBERS * BigInt64Array.BYTES_PER_ELEMENT + SIGNALS * Int32Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.buffer = buffer;
    this.#numbers = new BigInt64Array(buffer, 0, NUMBERS);
    this.#signals = new Int32Array(buffer, NUMBERS * BigInt64Array.BYTES_PER_ELEMENT, SIGNALS);
  }

  /** Bytes on disk that this process answers for: its own folder's, and those of folders it has taken over. */
  get heldBytes(): number {
    return Math.max(0, this.#get(LIVE_BYTES)) + Math.max(0, this.#get(ADOPTED_BYTES));
  }

  /** A frame was appended. */
  noteAppended(bytes: number): void {
    this.#add(LIVE_BYTES, bytes);
    Atomics.add(this.#signals, APPENDED, 1);
  }

  /** Segments of the live folder were removed. */
  noteFreed(bytes: number): void {
    this.#add(LIVE_BYTES, -bytes);
    this.#wakeWaiting();
  }

  /** A folder was taken over (positive), or has gone (negative). */
  noteAdopted(bytes: number): void {
    this.#add(ADOPTED_BYTES, bytes);
    if (bytes < 0) this.#wakeWaiting();
  }

  /** A sender that starts has taken nothing over yet. */
  forgetAdopted(): void {
    Atomics.store(this.#numbers, ADOPTED_BYTES, 0n);
  }

  /**
   * Somebody removed files of the live folder.
   *
   * @param bytes - What is left of it.
   * @param written - All spans that were ever written there: with nothing left, none of them waits any more.
   */
  noteRemoved(bytes: number, written: number): void {
    Atomics.store(this.#numbers, LIVE_BYTES, BigInt(bytes));
    if (bytes === 0) Atomics.store(this.#numbers, SETTLED, BigInt(written));
  }

  /**
   * The receiver has answered for good.
   *
   * @param spans - How many spans the request held.
   * @param accepted - Whether it took them.
   * @param live - Whether they are of this process.
   */
  noteAnswered(spans: number, accepted: boolean, live: boolean): void {
    this.#add(accepted ? EXPORTED : REJECTED, spans);
    if (live) this.#add(SETTLED, spans);
  }

  /** Spans that the receiver has taken. */
  get exported(): number {
    return this.#get(EXPORTED);
  }

  /** Spans that the receiver has refused. */
  get rejected(): number {
    return this.#get(REJECTED);
  }

  /** Spans of this process that are out of its spool. */
  get settled(): number {
    return this.#get(SETTLED);
  }

  /** Changes with every frame that is appended. */
  get appended(): number {
    return Atomics.load(this.#signals, APPENDED);
  }

  /** The number of the newest segment of the live folder; 0 before the first. */
  get segment(): number {
    return Atomics.load(this.#signals, SEGMENT);
  }

  set segment(number: number) {
    Atomics.store(this.#signals, SEGMENT, number);
  }

  /** What {@link appended} was when everything was last on the disk itself. */
  get synced(): number {
    return Atomics.load(this.#signals, SYNCED);
  }

  set synced(appended: number) {
    Atomics.store(this.#signals, SYNCED, appended);
  }

  /** The sender has sent everything, and wants to be told of what is appended next. */
  noteSenderIdle(): void {
    Atomics.store(this.#signals, SENDER_IDLE, 1);
  }

  /** Whether the sender wants to be told; it is told once. A sender at work looks by itself. */
  takeSenderIdle(): boolean {
    return Atomics.exchange(this.#signals, SENDER_IDLE, 0) === 1;
  }

  /** Changes whenever room was made. */
  get freed(): number {
    return Atomics.load(this.#signals, FREED);
  }

  /**
   * Blocks the thread until room is made.
   *
   * @param seen - {@link freed}, as it was before the caller looked for room.
   * @param timeoutMs - The longest wait.
   */
  waitForRoom(seen: number, timeoutMs: number): 'not-equal' | 'ok' | 'timed-out' {
    return Atomics.wait(this.#signals, FREED, seen, timeoutMs);
  }

  #wakeWaiting(): void {
    Atomics.add(this.#signals, FREED, 1);
    Atomics.notify(this.#signals, FREED);
  }

  #get(at: number): number {
    return Number(Atomics.load(this.#numbers, at));
  }

  #add(at: number, change: number): void {
    Atomics.add(this.#numbers, at, BigInt(change));
  }
}
