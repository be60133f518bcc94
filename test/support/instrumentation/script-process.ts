import { spawn, type ChildProcess } from 'node:child_process';

/** How a script is started. */
export interface ScriptOptions {
  /** Arguments of Node, before the script. */
  execArgv?: readonly string[];
  /** Arguments of the script. */
  args?: readonly string[];
  env?: Record<string, string>;
  /** A command that becomes Node, with what stands before that in its arguments. */
  wrapper?: readonly string[];
}

/** A script that runs as a child; it prints `listening <port>` if it serves. */
export class ScriptProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  /**
   * @param script its path, from `cwd` on
   * @param cwd where it runs
   */
  constructor(script: string, cwd: string, options: ScriptOptions = {}) {
    const node = [process.execPath, ...(options.execArgv ?? []), script, ...(options.args ?? [])];
    const [command = '', ...args] = [...(options.wrapper ?? []), ...node];
    this.child = spawn(command, args, {
      cwd,
      env: { ...baseEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (data: Buffer) => (this.stdout += data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()));
    this.exited = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
  }

  /** Waits for a line on standard output. */
  line(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    return this.#wait('stdout', pattern, timeoutMs);
  }

  /** Waits for a line on standard error. */
  errorLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    return this.#wait('stderr', pattern, timeoutMs);
  }

  async #wait(stream: 'stdout' | 'stderr', pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match !== null) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > deadline) {
        throw new Error(`no ${pattern} from the script: ${this.stdout}\n${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** The URL at which the script serves. */
  async url(): Promise<string> {
    return `http://127.0.0.1:${(await this.line(/^listening (\d+)$/m))[1]}`;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.child.kill(signal);
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
  }
}

/** What the child needs of our environment, and settings that keep it on the loopback. */
function baseEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    OTEL_SERVICE_NAME: 'fixture',
    OTEL_NODE_RESOURCE_DETECTORS: 'env,process',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'fs,dns,net',
  };
}
