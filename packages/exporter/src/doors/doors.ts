import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { RecordDraft } from '@spanledger/record';
import type { FastifyRequest, FastifyServerFactory } from 'fastify';
import type { Logger } from 'pino';
import type { Reading } from '../reading.ts';
import type { TlsConfig } from './certificate.ts';
import { CertificateWatch } from './certificate-watch.ts';
import type { CertificateGrant } from './client-certificate.ts';
import { plainAddress } from '../plain-address.ts';
import type { Refusals } from '../refusals.ts';
import { doorRefusals } from './door-refusals.ts';
import { Guard } from './guard.ts';
import { Readings } from './readings.ts';
import type { Refusal, RefusalReason } from './refusal.ts';
import { TokenBook } from './token-book.ts';
import { TokenChronicle, type TokenChronicleOptions } from './token-chronicle.ts';
import type { DoorWarning } from './warning.ts';

/** A handshake that takes longer is given up: nobody holds a connection by not finishing it. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** From so long before its end on a token without a successor is warned of. */
const EXPIRY_WARNING_MS = 14 * 24 * 60 * 60 * 1000;

/** Who may come in. */
export interface AccessConfig {
  /** Whether nobody comes in without a token or certificate; undefined: as soon as there is one. */
  required: boolean | undefined;
  /** Whether everybody may read the public part of the log. */
  publicLog: boolean;
  /** Whether it is recorded what readers are shown who came by token or certificate. */
  recordReading: boolean;
  /** Who comes with which client certificate. */
  certificates: readonly CertificateGrant[];
}

/** What {@link Doors} work with. */
export interface DoorsOptions {
  tls: TlsConfig | undefined;
  access: AccessConfig;
  /** `state/tokens` of the data directory. */
  tokens: string;
  /** Appends records; resolves once they are durable. */
  record: (drafts: readonly RecordDraft[]) => Promise<void>;
  /** What keeps the records of tokens from being written twice. */
  chronicle: Pick<TokenChronicleOptions, 'file' | 'find' | 'size'>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Everything between the network and the routes: TLS, tokens, client certificates, and records of who was refused. */
export class Doors {
  readonly guard: Guard;
  readonly #options: DoorsOptions;
  readonly #tokens: TokenBook;
  readonly #watch: CertificateWatch | undefined;
  readonly #refusals: Refusals<Refusal>;
  readonly #readings: Readings;
  readonly #chronicle: TokenChronicle;
  readonly #servers: HttpsServer[] = [];

  /** @throws ExporterError `config_invalid`, `tokens_damaged` */
  constructor(options: DoorsOptions) {
    const { tls, access, log } = options;
    this.#options = options;
    this.#refusals = doorRefusals({ record: options.record, log });
    this.#readings = new Readings({ record: options.record, log });
    this.#chronicle = new TokenChronicle({ ...options.chronicle, record: options.record, log });
    this.#watch =
      tls &&
      new CertificateWatch({
        tls,
        log,
        onChange: ({ context }) => {
          for (const server of this.#servers) server.setSecureContext(context);
        },
      });
    this.#tokens = new TokenBook({
      directory: options.tokens,
      log,
      onChange: (tokens) => {
        this.#chronicle.take(tokens);
      },
    });
    this.guard = new Guard({
      tokens: this.#tokens,
      grants: access.certificates,
      required: access.required,
      publicLog: access.publicLog,
      onRefusal: (refusal) => {
        this.#refusals.add(refusal);
      },
    });
  }

  /**
   * Records what somebody is about to be shown. Where nobody has to say who they are there is nobody to name, and nothing is
   * recorded.
   *
   * @throws ExporterError if it cannot be recorded
   */
  async noteReading(request: FastifyRequest, reading: Reading): Promise<void> {
    const caller = this.guard.callerOf(request);
    if (caller === undefined || !this.#options.access.recordReading) return;
    await this.#readings.note(caller, plainAddress(request.raw.socket.remoteAddress), reading);
  }

  /** Whether connections are encrypted. */
  get isEncrypted(): boolean {
    return this.#watch !== undefined;
  }

  /** How many were refused since the start, by reason. */
  get refused(): ReadonlyMap<RefusalReason, number> {
    return this.#refusals.totals;
  }

  /** When the certificate ends, milliseconds since the epoch. */
  get certificateUntilMs(): number | undefined {
    return this.#watch?.certificate.validUntilMs;
  }

  /** Follows certificate and tokens until {@link Doors.stop}. */
  start(): void {
    this.#chronicle.take(this.#tokens.tokens);
    this.#tokens.follow();
    this.#watch?.follow();
    for (const { message } of this.warnings()) this.#options.log.warn(message);
  }

  /** Takes up new certificates and tokens at once. */
  reload(): void {
    this.#tokens.refresh();
    this.#watch?.refresh(true);
  }

  /** Records what was refused, and follows nothing any more. */
  async stop(): Promise<void> {
    this.#tokens.stop();
    this.#watch?.stop();
    await Promise.all([this.#refusals.stop(), this.#readings.stop(), this.#chronicle.stop()]);
  }

  /** What is to be told of certificate and tokens. */
  warnings(): DoorWarning[] {
    const warnings: DoorWarning[] = [...(this.#watch?.warnings() ?? []), ...this.#tokenWarnings()];
    const { failure, tokens } = this.#tokens;
    if (failure !== undefined) {
      warnings.push({
        code: 'tokens_refused',
        message: 'the tokens cannot be read; those known before count',
        hint: 'The log of the service says why.',
      });
    }
    if (this.guard.isRequired && tokens.length === 0 && this.#options.access.certificates.length === 0) {
      warnings.push({
        code: 'no_token',
        message: 'nobody can come in: a token is required, and there is none',
        hint: 'Make one: spanledger tokens create --role sender --service NAME.',
      });
    }
    return warnings;
  }

  /** Makes the server that Fastify answers by. */
  readonly makeServer: FastifyServerFactory = (handler, options): Server => {
    const { tls } = this.#options;
    const times = {
      requestTimeout: Number(options['requestTimeout']),
      keepAliveTimeout: Number(options['keepAliveTimeout']),
    };
    if (tls === undefined || this.#watch === undefined) return createHttpServer(times, handler);
    const asks = tls.clientCaFile !== undefined;
    const server = createHttpsServer(
      {
        ...times,
        ...this.#watch.certificate.context,
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        requestCert: asks,
        // Judged below, where the address of a client that is turned away is still known.
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
      },
      handler,
    );
    if (asks && tls.clientCertificate === 'required') {
      server.prependListener('secureConnection', (socket) => {
        this.#demandCertificate(socket);
      });
    }
    this.#servers.push(server);
    return server;
  };

  /** Before any byte of a request is read. */
  #demandCertificate(socket: TLSSocket): void {
    if (socket.authorized) return;
    const isMissing = socket.getPeerX509Certificate() === undefined;
    this.#refusals.add({
      reason: isMissing ? 'certificate_missing' : 'certificate_untrusted',
      address: plainAddress(socket.remoteAddress),
    });
    socket.destroy();
  }

  #tokenWarnings(): DoorWarning[] {
    const { tokens } = this.#tokens;
    const nowMs = Date.now();
    const replaced = new Set(tokens.map(({ replaces }) => replaces));
    return tokens.flatMap(({ id, name, role, expires, revoked }): DoorWarning[] => {
      if (expires === undefined || revoked !== undefined || replaced.has(id)) return [];
      const leftMs = Date.parse(expires) - nowMs;
      if (leftMs > EXPIRY_WARNING_MS || leftMs <= 0) return [];
      const label = name === undefined ? id : `${id} (${name})`;
      return [
        {
          code: 'token_expires',
          message: `the ${role}'s token ${label} expires at ${expires}`,
          hint: `Make its successor: spanledger tokens rotate ${id}.`,
        },
      ];
    });
  }
}
