import { open, readFile, rename, rm } from 'node:fs/promises';
import { CliError } from './errors.ts';

/** A file in which a verification keeps how far it has come, so that it can go on after it was interrupted. */
export class StateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * What an earlier run kept; undefined if there is no such file.
   *
   * @throws CliError `file_unreadable`
   */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, 'utf8');
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw new CliError('file_unreadable', `${this.#path} cannot be read`, { cause });
    }
  }

  /**
   * Keeps a state; whoever is interrupted meanwhile finds the one before.
   *
   * @throws CliError `file_unreadable`
   */
  async write(state: string): Promise<void> {
    const next = `${this.#path}.new`;
    try {
      await using file = await open(next, 'w', 0o600);
      await file.writeFile(state);
      await file.datasync();
      await rename(next, this.#path);
    } catch (cause) {
      throw new CliError('file_unreadable', `${this.#path} cannot be written`, {
        cause,
        hint: 'It holds how far the verification has come. Name a file in a directory that can be written.',
      });
    }
  }

  /** Takes the file away: there is nothing left to go on with. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** What to tell somebody whose state is refused. */
  refusal(cause: Error): CliError {
    return new CliError('input_malformed', `${this.#path}: ${cause.message}`, {
      cause,
      hint: `Remove ${this.#path} to verify from the beginning, or name another file.`,
    });
  }
}
