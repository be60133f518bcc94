import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type RecordDraft } from '@spanledger/record';
import type { SkippedSpan } from '../intake-policy.ts';
import { MAX_WINDOW_SPANS } from './limits.ts';
import { readSkippedSpan, SkipWindow } from './skip-window.ts';

/** What {@link SkipJournal} works with. */
export interface SkipJournalOptions {
  /** Holds a file for each window whose records are not in the ledger. */
  directory: string;
  /** How long a window is. */
  windowMs: number;
  /** Appends records; resolves once they are durable. */
  append: (drafts: readonly RecordDraft[]) => Promise<void>;
  /** The ledger's durable size. */
  size: () => number;
  /** Which of these records are in the ledger from an index on. */
  find: (ids: ReadonlySet<string>, from: number) => Promise<ReadonlySet<string>>;
  onError: (error: unknown) => void;
}

/** A window, and the file that it survives a crash in: a line for each request, and one when it is closed. */
interface OpenWindow {
  name: string;
  handle: FileHandle;
  skips: SkipWindow;
  /** The ledger's size before any of its records could be in it; undefined while the window is open. */
  closedAt: number | undefined;
}

/** A request that waits for its line to be on the disk. */
interface Waiting {
  skipped: readonly SkippedSpan[];
  settle: () => void;
  fail: (error: unknown) => void;
}

const SUFFIX = '.jsonl';

/**
 * Keeps account of the spans that the policy leaves out. They are in no record, and their sender is told that they were
 * taken: so what is known of them is on the disk first, and in the ledger when the window ends. A crash in between loses
 * nothing and counts nothing twice: a window whose records may be in the ledger already says from where on.
 */
export class SkipJournal {
  readonly #options: SkipJournalOptions;
  readonly #waiting: Waiting[] = [];
  #current: OpenWindow | undefined;
  /** Windows that ended and are not in the ledger yet. */
  readonly #ended: OpenWindow[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** One step after the other. */
  #work: Promise<void> = Promise.resolve();
  #total = 0;

  constructor(options: SkipJournalOptions) {
    this.#options = options;
  }

  /** How many spans were left out since the start. */
  get total(): number {
    return this.#total;
  }

  /**
   * Takes up what the last run left, and brings it into the ledger.
   *
   * @returns the spans that are in no record yet, for repeats of them to be recognised
   */
  async recover(): Promise<SkippedSpan[]> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const spans: SkippedSpan[] = [];
    for (const file of (await readdir(directory)).filter((name) => name.endsWith(SUFFIX)).toSorted()) {
      const path = join(directory, file);
      const { found, closedAt } = parseWindow(await readFile(path, 'utf8'));
      const skips = new SkipWindow();
      for (const span of found) skips.add(span);
      spans.push(...found);
      const name = file.slice(0, -SUFFIX.length);
      this.#ended.push({ name, handle: await open(path, 'a'), skips, closedAt });
    }
    await this.#settleEnded();
    return spans;
  }

  /** Resolves once the spans are accounted for on the disk. All requests that wait share a sync. */
  account(skipped: readonly SkippedSpan[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ skipped, settle: resolve, fail: reject });
    if (this.#waiting.length === 1) this.#enqueue(() => this.#writeWaiting());
    return promise;
  }

  /** Ends the window and brings its records into the ledger. */
  async flush(): Promise<void> {
    this.#enqueue(() => this.#end());
    await this.#work;
  }

  /** @throws what kept the last window from the ledger; it is there after the next start */
  async close(): Promise<void> {
    await this.#work;
    await this.#end();
    clearTimeout(this.#timer);
    const [left] = this.#ended;
    if (left !== undefined) await this.#settle(left);
  }

  #enqueue(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch(this.#options.onError);
  }

  async #writeWaiting(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    try {
      const window = (this.#current ??= await this.#begin());
      await window.handle.appendFile(waiting.map(({ skipped }) => `${JSON.stringify(skipped)}\n`).join(''));
      await window.handle.datasync();
      for (const { skipped, settle } of waiting) {
        for (const span of skipped) window.skips.add(span);
        this.#total += skipped.length;
        settle();
      }
      if (window.skips.count >= MAX_WINDOW_SPANS) await this.#end();
    } catch (error) {
      // A line that may be there in part is read as none; the window ends, and the next has a file of its own.
      for (const { fail } of waiting) fail(error);
      await this.#end();
    }
  }

  async #begin(): Promise<OpenWindow> {
    const { directory, windowMs } = this.#options;
    const name = `${new Date().toISOString().replaceAll(/\D/g, '')}-${randomUUID().slice(0, 8)}`;
    const handle = await open(join(directory, `${name}${SUFFIX}`), 'ax', 0o600);
    const folder = await open(directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    this.#timer = setTimeout(() => {
      this.#enqueue(() => this.#end());
    }, windowMs);
    this.#timer.unref();
    return { name, handle, skips: new SkipWindow(), closedAt: undefined };
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#current !== undefined) this.#ended.push(this.#current);
    this.#current = undefined;
    await this.#settleEnded();
  }

  async #settleEnded(): Promise<void> {
    for (let [window] = this.#ended; window !== undefined; [window] = this.#ended) {
      try {
        await this.#settle(window);
      } catch (error) {
        // It is tried again when the next window ends, and it survives a crash.
        this.#options.onError(error);
        return;
      }
    }
  }

  /** Brings the records of a window into the ledger, each once. */
  async #settle(window: OpenWindow): Promise<void> {
    const { append, find, size, directory } = this.#options;
    const { name, handle, skips, closedAt } = window;
    let drafts = skips.records(name);
    if (closedAt === undefined) {
      window.closedAt = size();
      // On a line of its own, also where the one before was not finished.
      await handle.appendFile(`\n${JSON.stringify({ closed_at: window.closedAt })}\n`);
      await handle.datasync();
    } else if (drafts.length > 0) {
      const there = await find(new Set(drafts.map(({ id }) => id)), closedAt);
      drafts = drafts.filter(({ id }) => !there.has(id));
    }
    if (drafts.length > 0) await append(drafts);
    this.#ended.splice(this.#ended.indexOf(window), 1);
    await handle.close();
    await rm(join(directory, `${name}${SUFFIX}`));
  }
}

/** Reads a window's file. A line that was not finished is none: its request was not answered. */
function parseWindow(text: string): { found: SkippedSpan[]; closedAt: number | undefined } {
  const found: SkippedSpan[] = [];
  let closedAt: number | undefined;
  for (const line of text.split('\n')) {
    const value = parseLine(line);
    if (Array.isArray(value)) {
      const spans = value.map(readSkippedSpan);
      found.push(...spans.filter((span) => span !== undefined));
    } else if (isJsonObject(value) && typeof value['closed_at'] === 'number') closedAt = value['closed_at'];
  }
  return { found, closedAt };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
