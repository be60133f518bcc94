import { decodeUtf8 } from './encoding.ts';
import type { FailureList } from './failures.ts';
import { isSameKey, KEYS_PATH, readKeyHistory, type KeyHistory, type LogKeys } from './key-history.ts';
import type { LogFiles } from './log-files.ts';
import { parseNote, type NoteVerificationKey } from './note.ts';
import type { WarningList } from './warnings.ts';

/** The most key statements that are gathered from the entries of a log. */
const MAX_LOGGED_STATEMENTS = 10_000;

/** The longest that is kept, with its signatures, in UTF-16 code units: twice what the longest names need. */
const MAX_LOGGED_LENGTH = 4_096;

/** Where an entry that is a key statement stands. */
export interface LoggedStatement {
  index: number;
  path: string;
  /** The statement's text; the entry's own where it is no signed note, and nothing where it is too long for one. */
  text: string;
}

/** Reports what is wrong with key statements. */
export function reportKeyProblems({ problems }: KeyHistory, failures: FailureList): void {
  for (const { code, statement, detail } of problems) {
    const field = statement === undefined ? {} : { field: `statement ${statement}` };
    failures.add(code, { path: KEYS_PATH, ...field }, detail);
  }
}

/** The keys of a log while it is verified: what its list states, held against what its entries state. */
export class KeysOfLog {
  readonly #files: LogFiles;
  readonly #trusted: NoteVerificationKey;
  readonly #failures: FailureList;
  readonly #warnings: WarningList;
  readonly #logged: LoggedStatement[] = [];
  #history: KeyHistory;

  private constructor(
    files: LogFiles,
    trusted: NoteVerificationKey,
    history: KeyHistory,
    failures: FailureList,
    warnings: WarningList,
  ) {
    this.#files = files;
    this.#trusted = trusted;
    this.#history = history;
    this.#failures = failures;
    this.#warnings = warnings;
  }

  /**
   * Reads the keys, and reports what is wrong with their statements. To be called before a checkpoint is read, so that
   * of a log that changes its key meanwhile the keys are never the newer of the two.
   *
   * @param trusted the key from which the others are reached
   */
  static async read(
    files: LogFiles,
    trusted: NoteVerificationKey,
    failures: FailureList,
    warnings: WarningList,
  ): Promise<KeysOfLog> {
    const place = { path: KEYS_PATH };
    const file = await files.read(KEYS_PATH);
    if (file.kind === 'failed')
      failures.add('read_failed', place, `${KEYS_PATH} cannot be read: ${file.detail}`);
    const text = file.kind === 'found' ? decodeUtf8(file.bytes) : undefined;
    if (file.kind === 'found' && text === undefined)
      failures.add('keys_malformed', place, 'It is not valid UTF-8.');
    const history = readKeyHistory(text, trusted);
    reportKeyProblems(history, failures);
    const own = history.keys.keys.find((key) => isSameKey(key, trusted));
    if (own?.state === 'revoked') {
      const detail = `The key that was given was revoked from size ${own.until} on: others may have it, and could have stated other keys. Ask for the newest key on a way that you trust.`;
      warnings.add('vkey_revoked', place, detail);
    }
    return new KeysOfLog(files, trusted, history, failures, warnings);
  }

  /** Those that can be believed. */
  get keys(): LogKeys {
    return this.#history.keys;
  }

  /** The entries that are key statements, as far as they passed. */
  get logged(): readonly LoggedStatement[] {
    return this.#logged;
  }

  /** Takes in the entries that passed before. */
  restore(logged: readonly LoggedStatement[]): void {
    this.#logged.push(...logged);
  }

  /** Takes in an entry that is a key statement. */
  addLogged(index: number, path: string, note: string): void {
    if (this.#logged.length >= MAX_LOGGED_STATEMENTS) return;
    this.#logged.push({ index, path, text: readText(note) });
  }

  /**
   * Reports statements that stand in the log and not in the list, and the other way round.
   *
   * @param minimumIndex entries below it were pruned: a statement from before may have been among them
   */
  async finish(minimumIndex: number): Promise<void> {
    let listed = new Set(this.#history.statements.map(({ text }) => text));
    if (this.#logged.some(({ text }) => !listed.has(text))) {
      // The log may have changed its key while it was read.
      const file = await this.#files.read(KEYS_PATH);
      const text = file.kind === 'found' ? decodeUtf8(file.bytes) : undefined;
      this.#history = readKeyHistory(text, this.#trusted);
      listed = new Set(this.#history.statements.map((each) => each.text));
    }
    for (const { index, path, text } of this.#logged) {
      if (listed.has(text)) continue;
      const detail = `Entry ${index} is a key statement, and ${KEYS_PATH} does not hold it.`;
      this.#failures.add('key_statement_missing', { index, path }, detail);
    }
    const logged = new Set(this.#logged.map(({ text }) => text));
    for (const { statement, text } of this.#history.statements) {
      if (logged.has(text) || statement.from < minimumIndex) continue;
      const place = { path: KEYS_PATH, field: `statement ${statement.number}` };
      const detail = `No entry is key statement ${statement.number}: it was made a moment ago, or is kept from those who read the log.`;
      this.#warnings.add('key_statement_unlogged', place, detail);
    }
  }
}

function readText(note: string): string {
  // Whoever writes one like this means harm: it is reported as a statement that the list does not hold.
  if (note.length > MAX_LOGGED_LENGTH) return '';
  const signed = parseNote(note);
  return signed.ok ? signed.value.text : note;
}
