import { sha256 } from '#crypto';
import { LedgerError } from '../errors.ts';
import type { NoteSigner } from '../signer.ts';
import { checkCheckpoint } from '../verify/checkpoint-verifier.ts';
import { encodeUtf8 } from '../verify/encoding.ts';
import { isSameKey, soleKey, type KeyState, type LogKey } from '../verify/key-history.ts';
import { formatKeyStatement, type KeyStatement } from '../verify/key-statement.ts';
import { formatVerificationKey } from '../verify/note.ts';
import { signWith, verificationKeyOf, type KeyRing } from './key-ring.ts';

/** A key of the log, as its statements have it. */
export interface StatedKey {
  vkey: string;
  state: KeyState;
  /** The first size at which its signatures count. */
  from: number;
  /** The first size at which they count no more; absent while it is active. */
  until?: number;
  /** Whether its private key is held here. */
  isHeld: boolean;
}

/** How an older key of a log is to end. */
export interface KeyEnding {
  /** The key, as a signed-note vkey line. */
  vkey: string;
  /** `retired` as planned, `revoked` because somebody else may have it. */
  state: 'retired' | 'revoked';
  /**
   * The first size at which its signatures count no more. If not given: a retired key ends with the published
   * checkpoint, a revoked one as early as the log can do without it.
   */
  from?: number;
}

/** A change of a log's keys. */
export interface KeyChange {
  /** The statement, a signed note: to be appended to the log as a record, which makes it part of it. */
  note: string;
  /** Its number, from 1. */
  number: number;
  /** The newest key. */
  vkey: string;
  /** The older key that it is about. */
  replaces: string;
  /** What is stated of the older key. */
  state: KeyState;
  /** The first size from which on the change holds. */
  from: number;
}

/** The file `keys` of a log. */
export interface KeyFile {
  /** What it holds; undefined if there is no such file. */
  read(): Promise<string | undefined>;
  /** Replaces it, durably and in one step. */
  write(text: string): Promise<void>;
}

/** What {@link KeyRotation} needs. */
export interface KeyRotationOptions {
  ring: KeyRing;
  keyFile: KeyFile;
  /** The published checkpoint: a signed note and its size; an empty note before the first. */
  published: () => { note: string; size: number };
  /** Runs work while no checkpoint is signed. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Changes the keys of a log that is open. Every step leaves a log that verifies: a new key signs before it is stated, and
 * an old one ends only once a published checkpoint has the signature of its successor.
 */
export class KeyRotation {
  readonly #options: KeyRotationOptions;

  constructor(options: KeyRotationOptions) {
    this.#options = options;
  }

  /** All keys, the first one first. */
  get keys(): StatedKey[] {
    const { ring } = this.#options;
    return ring.keys.keys.map((key) => ({
      vkey: key.vkey,
      state: key.state,
      from: key.from,
      ...(key.until === undefined ? {} : { until: key.until }),
      isHeld: ring.signerOf(key) !== undefined,
    }));
  }

  /** The statements that were made, in order. */
  get changes(): KeyChange[] {
    return this.#options.ring.statements.map(({ statement, note }) => changeOf(statement, note));
  }

  /**
   * Brings a new key: from now on it signs beside the one that it replaces. Done again with the same key it changes
   * nothing.
   *
   * @throws LedgerError `rotation_refused`, `publish_failed`, `keys_invalid`
   */
  introduce(signer: NoteSigner): Promise<KeyChange> {
    const { ring } = this.#options;
    return this.#options.exclusively(async () => {
      await this.#refresh();
      const key = verificationKeyOf(signer);
      if (signer.origin !== ring.origin)
        throw refused(`the new key is of ${signer.origin}, the log is ${ring.origin}`);
      if (isSameKey(ring.newest, key)) {
        const made = this.changes.find(({ vkey }) => vkey === signer.vkey);
        if (made !== undefined) return made;
      }
      if (ring.keys.keys.some((known) => isSameKey(known, key)))
        throw refused(`${signer.vkey} is a key of this log already`);
      if (ring.keys.keys.filter(({ state }) => state === 'active').length > 1)
        throw refused('two keys are active already', 'Retire the older one first: spanledger keys retire.');
      const from = this.#options.published().size;
      ring.prepare(signer);
      return await this.#state({ key, from, replaces: ring.newest }, [signer, this.#held(ring.newest)]);
    });
  }

  /**
   * Ends an older key. Done again with the same ending it changes nothing.
   *
   * @throws LedgerError `rotation_refused`, `publish_failed`, `keys_invalid`
   */
  end({ vkey, state, from }: KeyEnding): Promise<KeyChange> {
    const { ring, published } = this.#options;
    return this.#options.exclusively(async () => {
      await this.#refresh();
      const { newest } = ring;
      const { keys } = ring.keys;
      const at = keys.findIndex((key) => key.vkey === vkey);
      const old = keys[at];
      const next = keys[at + 1];
      if (old === undefined) throw refused(`${vkey} is no key of this log`);
      if (next === undefined)
        throw refused('the newest key cannot end', 'Bring its successor first: spanledger keys rotate.');
      const made = this.changes.findLast((change) => change.replaces === vkey);
      if (made !== undefined && old.state === state && (from === undefined || from === old.until))
        return made;
      const { note, size } = published();
      const usual = state === 'retired' ? size + 1 : Math.min(next.from + 1, old.until ?? Infinity);
      const end = { state, from: from ?? usual };
      if (old.state !== 'active' && (state === 'retired' || end.from > (old.until ?? 0)))
        throw refused(`the key ended at size ${old.until} already`);
      if (end.from > size + 1 || (state === 'retired' && end.from <= next.from)) {
        const first = state === 'retired' ? next.from + 1 : 0;
        throw refused(`it cannot end at size ${end.from}`, `The size can be ${first} to ${size + 1} now.`);
      }
      if (!isSignedBy(note, newest)) {
        throw refused(
          'no published checkpoint has the signature of the newest key yet',
          'Try again when entries were published.',
        );
      }
      return await this.#state({ key: newest, from: newest.from, replaces: old, end }, [
        this.#held(newest),
        this.#held(old),
      ]);
    });
  }

  /** An attempt that failed may have written all the same. */
  async #refresh(): Promise<void> {
    const text = await this.#options.keyFile.read();
    if (text !== undefined) this.#options.ring.update(text);
  }

  #held(key: LogKey): NoteSigner {
    const signer = this.#options.ring.signerOf(key);
    if (signer !== undefined) return signer;
    throw refused(
      `the private key of ${key.vkey} is not held`,
      'A statement needs the signatures of both keys.',
    );
  }

  async #state(
    { key, from, replaces, end }: Pick<KeyStatement, 'key' | 'from' | 'replaces' | 'end'>,
    signers: readonly NoteSigner[],
  ): Promise<KeyChange> {
    const { ring, keyFile } = this.#options;
    const before = ring.statements.at(-1);
    const statement: KeyStatement = {
      origin: ring.origin,
      number: ring.statements.length + 1,
      ...(before === undefined ? {} : { previous: sha256(encodeUtf8(before.text)) }),
      key,
      from,
      replaces,
      ...(end === undefined ? {} : { end }),
    };
    const note = signWith(signers, formatKeyStatement(statement));
    const text = [...ring.statements.map((each) => each.note), note].join('');
    try {
      await keyFile.write(text);
    } catch (cause) {
      throw new LedgerError('publish_failed', 'the key statement could not be written', {
        cause,
        hint: 'The keys that signed so far go on to sign. Try again.',
      });
    }
    ring.update(text);
    return changeOf(statement, note);
  }
}

function changeOf({ number, key, replaces, from, end }: KeyStatement, note: string): KeyChange {
  return {
    note,
    number,
    vkey: formatVerificationKey(key),
    replaces: formatVerificationKey(replaces),
    state: end?.state ?? 'active',
    from: end?.from ?? from,
  };
}

function isSignedBy(note: string, key: LogKey): boolean {
  return checkCheckpoint(note, soleKey(key)).problems.length === 0;
}

function refused(detail: string, hint?: string): LedgerError {
  return new LedgerError(
    'rotation_refused',
    `the keys stay as they are: ${detail}`,
    hint === undefined ? {} : { hint },
  );
}
