import type { Logger } from 'pino';
import { hashToken, isSameHash, readTokenId } from './token.ts';
import { describeDirectory, readTokens, type StoredToken } from './token-file.ts';

/** How soon a running service knows of a token that was made, rotated or revoked. */
const POLL_MS = 500;

/**
 * For a token that is not known the directory is looked at again at once, so often at most: whoever was just given one may
 * be a collector, to which a refusal says that what it sent is not wanted at all.
 */
const MIN_LOOK_MS = 50;

/** A change of a directory this young may not be the last one under the same time stamp. */
const SETTLED_MS = 2_000;

/** Compared with in place of a hash that there is not. */
const NO_HASH = Buffer.alloc(32);

/** Why a token does not let anybody in. */
export type TokenFault = 'token_malformed' | 'token_unknown' | 'token_expired' | 'token_revoked';

/** What a token is worth. */
export type TokenVerdict =
  { ok: true; token: StoredToken } | { ok: false; fault: TokenFault; token?: StoredToken };

/** What {@link TokenBook} works with. */
export interface TokenBookOptions {
  /** `state/tokens` of the data directory. */
  directory: string;
  /** There are other tokens than before. */
  onChange?: (tokens: StoredToken[]) => void;
  log: Pick<Logger, 'error' | 'info'>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** Knows the tokens of a data directory, and follows their changes. */
export class TokenBook {
  readonly #options: TokenBookOptions;
  readonly #now: () => number;
  #tokens: Map<string, { token: StoredToken; hash: Buffer }> = new Map();
  #seen: string | undefined;
  #seenMs = 0;
  #lookedMs = -Infinity;
  #failure = '';
  #wasUsed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @throws ExporterError `tokens_damaged` */
  constructor(options: TokenBookOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#read();
  }

  /** Whether there is a token, or was one since the start: from then on nobody comes in without. */
  get isUsed(): boolean {
    return this.#wasUsed;
  }

  /** All tokens, the oldest first. */
  get tokens(): StoredToken[] {
    return [...this.#tokens.values()].map(({ token }) => token);
  }

  /** Follows the directory until {@link TokenBook.stop}. */
  follow(): void {
    this.#timer = setInterval(() => {
      this.refresh();
    }, POLL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Reads what has changed. What cannot be read changes nothing, and is told once. */
  refresh(): void {
    try {
      const seen = describeDirectory(this.#options.directory);
      if (seen === this.#seen && this.#now() - this.#seenMs > SETTLED_MS) return;
      if (seen !== this.#seen) this.#seenMs = this.#now();
      this.#read();
      this.#failure = '';
      this.#options.onChange?.(this.tokens);
    } catch (error) {
      const failure = String(error);
      if (failure !== this.#failure) {
        this.#options.log.error(
          { err: error },
          'the tokens could not be read; those known before go on to count',
        );
      }
      this.#failure = failure;
    }
  }

  /** What is wrong with the directory just now. */
  get failure(): string | undefined {
    return this.#failure === '' ? undefined : this.#failure;
  }

  /** Says what a token is worth. What is compared are hashes, in a time that tells nothing about them. */
  check(text: string): TokenVerdict {
    const id = readTokenId(text);
    if (id === undefined) return { ok: false, fault: 'token_malformed' };
    if (!this.#tokens.has(id)) this.#lookAgain();
    const known = this.#tokens.get(id);
    const isSame = isSameHash(hashToken(text), known?.hash ?? NO_HASH);
    if (known === undefined || !isSame) return { ok: false, fault: 'token_unknown' };
    const { token } = known;
    if (token.revoked !== undefined) return { ok: false, fault: 'token_revoked', token };
    if (token.expires !== undefined && Date.parse(token.expires) <= this.#now()) {
      return { ok: false, fault: 'token_expired', token };
    }
    return { ok: true, token };
  }

  #lookAgain(): void {
    const now = this.#now();
    if (now >= this.#lookedMs && now - this.#lookedMs < MIN_LOOK_MS) return;
    this.#lookedMs = now;
    this.refresh();
  }

  #read(): void {
    const { directory } = this.#options;
    // In this order: what changes while the files are read is read again.
    const seen = describeDirectory(directory);
    const tokens = readTokens(directory);
    this.#tokens = new Map(
      tokens.map((token) => [token.id, { token, hash: Buffer.from(token.hash, 'hex') }]),
    );
    this.#seen = seen;
    if (tokens.length > 0) this.#wasUsed = true;
  }
}
