import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { ExporterError } from '../errors.ts';
import type { IntakePolicy, PolicyVerdict, SkippedSpan } from '../intake-policy.ts';
import { CallerMemory } from './caller-memory.ts';
import { parsePolicy } from './parse-policy.ts';
import { PolicyEngine } from './policy-engine.ts';
import { gauge, series } from '../gauges.ts';
import { describeProblem } from './policy-problem.ts';
import { type PolicyChange, policyChangedRecord } from './policy-records.ts';
import type { SkipJournal } from './skip-journal.ts';

/** How soon a changed file is taken up: once it has been the same for as long. */
const POLL_MS = 500;

/** What {@link PolicyInForce} works with. */
export interface PolicyInForceOptions {
  file: string;
  journal: Pick<SkipJournal, 'account' | 'total'>;
  /** Appends a record of the service's own; resolves once it is durable. */
  append: (draft: RecordDraft) => Promise<void>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What whoever runs the service should know of the policy; docs/errors.md explains each. */
export type PolicyWarningCode = 'policy_refused';

/** Something about the policy that whoever runs the service should know. */
export interface PolicyWarning {
  code: PolicyWarningCode;
  message: string;
  hint: string;
}

/**
 * The policy that is in force. A changed file is taken up while the service runs; one that is wrong changes nothing: the
 * old policy stays, and log, ledger, `/readyz` and `doctor` say so. Each change is a record before it takes effect.
 */
export class PolicyInForce implements IntakePolicy {
  readonly #options: PolicyInForceOptions;
  readonly #callers: CallerMemory = new CallerMemory();
  readonly #now: () => number;
  #engine: PolicyEngine;
  #sinceMs: number;
  /** The file as it was looked at last, and whether anything came of it. */
  #seen: string;
  #pending: string | undefined;
  #refused: { sha256: string; problems: string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @throws ExporterError `policy_invalid`, naming everything that is wrong with the file */
  constructor(options: PolicyInForceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#seen = describeFile(options.file);
    const read = readPolicyFile(options.file);
    if (!read.ok) {
      throw new ExporterError('policy_invalid', `no policy: ${read.problems}`, {
        hint: 'docs/policy.md describes each field; spanledger policy check lists what is wrong.',
      });
    }
    this.#engine = new PolicyEngine(read.policy);
    this.#sinceMs = this.#now();
  }

  /** SHA-256 of the policy in force, hex. */
  get sha256(): string {
    return this.#engine.policy.sha256;
  }

  get isLocal(): boolean {
    return this.#engine.isLocal;
  }

  isSettledBy(draft: RecordDraft): boolean {
    return this.#engine.isSettledBy(draft);
  }

  /** Records the policy that is in force, and follows the file. */
  async start(): Promise<void> {
    const { sha256, text } = this.#engine.policy;
    await this.#record({ reason: 'started', sha256, text });
    this.#timer = setInterval(() => {
      this.refresh();
    }, POLL_MS);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  apply(spans: readonly RecordDraft[][]): PolicyVerdict {
    return this.#engine.apply(spans, this.#callers);
  }

  account(skipped: readonly SkippedSpan[]): Promise<void> {
    return this.#options.journal.account(skipped);
  }

  /** Takes up what has changed. @param isDemanded - somebody asked: the file is read as it is now */
  refresh(isDemanded = false): void {
    const seen = describeFile(this.#options.file);
    if (seen === this.#seen && !isDemanded) return;
    // Whoever writes a file is seldom done in one step.
    if (seen !== this.#pending && !isDemanded) {
      this.#pending = seen;
      return;
    }
    this.#seen = seen;
    this.#pending = undefined;
    this.#work = this.#work
      .then(() => this.#takeUp())
      .catch((error: unknown) => {
        // It is tried again: the file counts as unseen.
        this.#seen = '';
        this.#options.log.error({ err: error }, 'a changed policy could not be recorded; the old one stays');
      });
  }

  /** What is to be told of the policy. */
  warnings(): PolicyWarning[] {
    if (this.#refused === undefined) return [];
    return [
      {
        code: 'policy_refused',
        message: `the changed policy is not used: ${this.#refused.problems}`,
        hint: 'Correct the file; it is taken up at once. spanledger policy check lists what is wrong.',
      },
    ];
  }

  /** What `status` says of the policy. */
  describe(): { file: string; sha256: string; since: string; rules: number; skipped: number } {
    const { sha256, rules } = this.#engine.policy;
    return {
      file: this.#options.file,
      sha256,
      since: new Date(this.#sinceMs).toISOString(),
      rules: rules.length,
      skipped: this.#options.journal.total,
    };
  }

  /** The same for a monitor. */
  metrics(): string[] {
    return [
      ...series(
        'counter',
        'spanledger_policy_skipped_spans_total',
        'Spans that the audit policy left out since the start.',
        [[{}, this.#options.journal.total]],
      ),
      ...gauge('spanledger_policy_up', 'Whether the policy file in its present form is in force.', [
        [{}, this.#refused === undefined ? 1 : 0],
      ]),
    ];
  }

  async #takeUp(): Promise<void> {
    const { file, log } = this.#options;
    const read = readPolicyFile(file);
    if (!read.ok) return await this.#refuse(read.sha256, read.problems);
    this.#refused = undefined;
    const { sha256, text, rules } = read.policy;
    if (sha256 === this.sha256) return;
    const engine = new PolicyEngine(read.policy);
    await this.#record({ reason: 'changed', sha256, text });
    this.#engine = engine;
    this.#sinceMs = this.#now();
    log.info({ file, sha256, rules: rules.length }, 'the audit policy was read again and is in force');
  }

  async #refuse(sha256: string, problems: string): Promise<void> {
    const { file, log } = this.#options;
    if (this.#refused?.sha256 === sha256 && this.#refused.problems === problems) return;
    this.#refused = { sha256, problems };
    log.warn({ file, problems }, 'the changed audit policy is not used; the old one stays');
    await this.#record({ reason: 'refused', sha256: this.sha256, text: problems });
  }

  async #record(change: PolicyChange): Promise<void> {
    await this.#options.append(policyChangedRecord(change, this.#now()));
  }
}

type ReadPolicy =
  { ok: true; policy: PolicyEngine['policy'] } | { ok: false; sha256: string; problems: string };

/** What is wrong is told in one text, a line each. */
function readPolicyFile(file: string): ReadPolicy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { ok: false, sha256: '', problems: `${file}: cannot be read: ${reason}` };
  }
  const parsed = parsePolicy(text);
  if (parsed.ok) return { ok: true, policy: parsed.policy };
  const problems = parsed.problems.map((problem) => describeProblem(problem, file)).join('\n  ');
  return { ok: false, sha256: hash('sha256', text, 'hex'), problems };
}

function describeFile(file: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    // Away for the moment, or for good: reading it says why.
    return 'absent';
  }
}
