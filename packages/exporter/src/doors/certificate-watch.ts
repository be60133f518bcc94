import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { ExporterError } from '../errors.ts';
import { loadCertificate, type LoadedCertificate, type TlsConfig, type TlsProblem } from './certificate.ts';
import { describeStats } from './token-file.ts';
import type { DoorWarning } from './warning.ts';

/** How soon changed files are taken up. */
const POLL_MS = 500;

/** From so long before its end on a certificate is warned of. */
const EXPIRY_WARNING_MS = 14 * 24 * 60 * 60 * 1000;

/** What {@link CertificateWatch} works with. */
export interface CertificateWatchOptions {
  tls: TlsConfig;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Gives new connections the new certificate; those that are open keep theirs. */
  onChange: (certificate: LoadedCertificate) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Takes up certificates that are renewed while the service runs. Files that do not fit together change nothing: the old
 * ones stay in use, and the log, `/readyz` and `doctor` say so.
 */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #now: () => number;
  #certificate: LoadedCertificate;
  #seen: string;
  /** Files that were found wrong once: told only if they still are when nothing moves any more. */
  #wrong: { seen: string; told: boolean } | undefined;
  #failure: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws ExporterError `config_invalid`, naming everything that is wrong with the files */
  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#seen = describeFiles(options.tls);
    const problems: TlsProblem[] = [];
    const certificate = loadCertificate(options.tls, problems);
    if (certificate === undefined) {
      throw new ExporterError('config_invalid', `configuration: ${describeProblems(problems)}`, {
        hint: 'docs/configuration.md says what the files must hold.',
      });
    }
    this.#certificate = certificate;
  }

  /** The certificate in use. */
  get certificate(): LoadedCertificate {
    return this.#certificate;
  }

  /** Follows the files until {@link CertificateWatch.stop}. */
  follow(): void {
    this.#timer = setInterval(() => {
      this.refresh();
    }, POLL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes up what has changed. @param isDemanded - somebody asked: everything is read again, and told at once */
  refresh(isDemanded = false): void {
    const seen = describeFiles(this.#options.tls);
    if (seen === this.#seen && !isDemanded) return;
    const isSettled = isDemanded || this.#wrong?.seen === seen;
    if (isSettled && !isDemanded && this.#wrong?.told === true) return;
    const problems: TlsProblem[] = [];
    const certificate = loadCertificate(this.#options.tls, problems);
    if (certificate === undefined) {
      // Certificate and key are seldom replaced in one step.
      this.#wrong = { seen, told: isSettled };
      if (isSettled) this.#tell(problems);
      return;
    }
    this.#seen = seen;
    this.#wrong = undefined;
    this.#failure = undefined;
    this.#certificate = certificate;
    this.#options.onChange(certificate);
    const until = new Date(certificate.validUntilMs).toISOString();
    this.#options.log.info({ until }, 'the TLS certificate was read again; new connections get it');
  }

  /** What is to be told of the certificate. */
  warnings(): DoorWarning[] {
    const warnings: DoorWarning[] = [];
    if (this.#failure !== undefined) {
      warnings.push({
        code: 'certificate_refused',
        message: `the new TLS files are not used: ${this.#failure}`,
        hint: 'Put files there that fit together; they are taken up at once.',
      });
    }
    const { validFromMs, validUntilMs } = this.#certificate;
    const nowMs = this.#now();
    const file = this.#options.tls.certFile;
    const hint = 'Renew it; the service takes the new file up by itself.';
    if (validUntilMs <= nowMs) {
      const message = `the certificate in ${file} expired at ${new Date(validUntilMs).toISOString()}`;
      warnings.push({ code: 'certificate_expires', message, hint });
    } else if (validUntilMs - nowMs < EXPIRY_WARNING_MS) {
      const message = `the certificate in ${file} expires at ${new Date(validUntilMs).toISOString()}`;
      warnings.push({ code: 'certificate_expires', message, hint });
    }
    if (validFromMs > nowMs) {
      const message = `the certificate in ${file} counts from ${new Date(validFromMs).toISOString()} on`;
      warnings.push({ code: 'certificate_expires', message, hint: 'Check the clock.' });
    }
    return warnings;
  }

  #tell(problems: readonly TlsProblem[]): void {
    this.#failure = describeProblems(problems);
    this.#options.log.error({ problems: this.#failure }, 'new TLS files are not used; the old ones stay');
  }
}

/** All problems in one line a problem. */
function describeProblems(problems: readonly TlsProblem[]): string {
  return problems.map(({ field, message }) => `tls.${field}: ${message}`).join('\n  ');
}

function describeFiles({ certFile, keyFile, clientCaFile }: TlsConfig): string {
  return [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])]
    .map(describeFile)
    .join('; ');
}

function describeFile(file: string): string {
  try {
    return describeStats(statSync(file, { bigint: true }));
  } catch {
    // Away for the moment, or for good: reading it says why.
    return 'absent';
  }
}
