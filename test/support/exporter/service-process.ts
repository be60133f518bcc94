import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../fault/exporter/serve-child.ts', import.meta.url));
const PORT_LINE = /^listening (\S+)$/m;
const ENDING_LINE = /^ending (\S+)$/gm;

/** The service as a process of its own, to be started and killed again and again. */
export class ServiceProcess implements AsyncDisposable {
  readonly #dataDirectory: string;
  readonly #wrapper: readonly string[];
  readonly #port: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #endedThreads = new Map<string, number>();
  #child: ChildProcess | undefined;
  #url: string | undefined;

  /**
   * @param dataDirectory - Its data directory.
   * @param wrapper - A command that stands before it and becomes it.
   * @param port - Where it listens, for those who know it by its address; 0: somewhere else at each start.
   * @param env - Of its configuration, e.g. `SPANLEDGER_ELASTICSEARCH_URL`.
   */
  constructor(dataDirectory: string, wrapper: readonly string[] = [], port = 0, env: NodeJS.ProcessEnv = {}) {
    this.#dataDirectory = dataDirectory;
    this.#wrapper = wrapper;
    this.#port = port;
    this.#env = env;
  }

  /** Where it listens; undefined while it does not. */
  get url(): string | undefined {
    return this.#url;
  }

  /** Its process id. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the service does not run');
    return pid;
  }

  /** How often a thread of each name was ended by {@link endThread}. */
  get endedThreads(): ReadonlyMap<string, number> {
    return this.#endedThreads;
  }

  /** Starts it; resolves when it listens. */
  async start(): Promise<void> {
    const script = [process.execPath, SCRIPT, this.#dataDirectory, String(this.#port)];
    const [command, ...args] = [...this.#wrapper, ...script];
    const child = spawn(command ?? process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    let output = '';
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-10_000)));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (text: Buffer) => {
        output += text.toString();
        for (const [, name = ''] of text.toString().matchAll(ENDING_LINE))
          this.#endedThreads.set(name, (this.#endedThreads.get(name) ?? 0) + 1);
        this.#url = PORT_LINE.exec(output)?.[1] ?? this.#url;
        if (this.#url !== undefined) resolve();
      });
      child.once('exit', () => {
        reject(new Error(`the service did not start: ${errors}`));
      });
    });
  }

  /** Ends one of its threads, whichever, in the middle of what it does. */
  endThread(): void {
    process.kill(this.pid, 'SIGUSR2');
  }

  /** Ends it as a power cut of its process would; no error if it does not run. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#url = undefined;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
