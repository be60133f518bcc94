import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Door } from '../door.ts';
import { ExporterError } from '../errors.ts';
import { plainAddress } from '../plain-address.ts';
import { type CertificateGrant, checkClientCertificate } from './client-certificate.ts';
import { isUnauthenticated, type Refusal, type RefusalReason } from './refusal.ts';
import { ANY_SERVICE, type Caller, rolesOf } from './role.ts';
import type { TokenBook } from './token-book.ts';

const REALM = 'Bearer realm="spanledger"';

/** RFC 6750, 2.1, with room for nothing else. */
const BEARER = /^bearer +(\S+) *$/i;

const EXPLANATIONS: Readonly<Record<RefusalReason, { message: string; hint: string }>> = {
  token_missing: {
    message: 'this takes a token',
    hint: 'Send Authorization: Bearer slt_…; an administrator of the service makes one: spanledger tokens create.',
  },
  token_malformed: {
    message: 'what was sent as a token is none',
    hint: 'Copy it again, whole: slt_, ten characters, _ and 49 more.',
  },
  token_unknown: {
    message: 'the token is not known here',
    hint: 'Is it this service’s? spanledger tokens list names those that there are.',
  },
  token_expired: {
    message: 'the token has expired',
    hint: 'An administrator of the service makes its successor: spanledger tokens rotate.',
  },
  token_revoked: {
    message: 'the token was revoked',
    hint: 'An administrator of the service makes another: spanledger tokens create.',
  },
  role_insufficient: {
    message: 'this is not for the role of whoever asks',
    hint: 'Senders send; auditors, privacy officers and administrators read; the last two erase. spanledger tokens create --role makes a token.',
  },
  service_not_allowed: {
    message: 'the request holds spans of a service that its sender is not for; nothing of it is recorded',
    hint: 'Compare service.name with the services of the token (spanledger tokens list).',
  },
  certificate_missing: { message: 'this takes a client certificate', hint: 'Connect with one.' },
  certificate_untrusted: {
    message: 'the client certificate is not one that is trusted here',
    hint: 'It must be valid, and from an authority in tls.client_ca_file.',
  },
};

/** What {@link Guard} works with. */
export interface GuardOptions {
  tokens: Pick<TokenBook, 'check' | 'isUsed'>;
  grants: readonly CertificateGrant[];
  /** Whether nobody comes in without a token or certificate; undefined: as soon as there is one. */
  required: boolean | undefined;
  /** Whether everybody may read the public part of the log. */
  publicLog: boolean;
  onRefusal: (refusal: Refusal) => void;
}

/** Who a request comes from, or why that is not known. */
type Identification =
  | { reason?: undefined; caller: Caller }
  | { reason: RefusalReason; caller?: Pick<Caller, 'name' | 'tokenId'> };

/** Decides who comes in by which door; see `FastifyContextConfig.door`. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #callers: WeakMap<FastifyRequest, Caller> = new WeakMap();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Whether nobody comes in without a token or certificate. */
  get isRequired(): boolean {
    const { required, tokens, grants } = this.#options;
    return required ?? (tokens.isUsed || grants.length > 0);
  }

  /** Stands before all routes that are added afterwards. */
  protect(app: FastifyInstance): void {
    app.addHook('onRoute', ({ method, url, config }) => {
      if (config?.door === undefined) {
        throw new TypeError(`the route ${String(method)} ${url} does not say who may use it`);
      }
    });
    app.addHook('onRequest', (request, reply, next) => {
      try {
        this.#enter(request, reply);
        next();
      } catch (error) {
        next(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Whether a request at an open door comes from somebody who may also look behind it. */
  mayUse(request: FastifyRequest, door: Exclude<Door, 'open'>): boolean {
    if (!this.isRequired) return true;
    const found = this.#identify(request);
    return found.reason === undefined && rolesOf(door).includes(found.caller.role);
  }

  /** Who asks, where that was known when the request came in. */
  callerOf(request: FastifyRequest): Caller | undefined {
    return this.#callers.get(request);
  }

  /**
   * Holds a sender to its services.
   *
   * @param services - the `service.name` of each resource in the request; undefined where it has none
   * @throws ExporterError `permission_denied`
   */
  admit(request: FastifyRequest, services: Iterable<string | undefined>, reply: FastifyReply): void {
    const caller = this.#callers.get(request);
    if (caller === undefined || caller.services.includes(ANY_SERVICE)) return;
    for (const service of services) {
      if (service === undefined || !caller.services.includes(service)) {
        throw this.#refuse('service_not_allowed', request, reply, { caller });
      }
    }
  }

  #enter(request: FastifyRequest, reply: FastifyReply): void {
    const door = this.#doorOf(request);
    if (door === 'open') return;
    const found = this.#identify(request);
    if (found.reason !== undefined) {
      if (found.reason === 'token_missing' && !this.isRequired) return;
      throw this.#refuse(found.reason, request, reply, { ...found, door });
    }
    const { caller } = found;
    if (!rolesOf(door).includes(caller.role)) {
      throw this.#refuse('role_insufficient', request, reply, { caller, door });
    }
    this.#callers.set(request, caller);
  }

  #doorOf(request: FastifyRequest): Door {
    // What is not there is nobody's to see.
    if (request.is404) return 'open';
    const { door } = request.routeOptions.config;
    if (door === undefined) throw new TypeError('a route without a door');
    return door === 'log' && this.#options.publicLog ? 'open' : door;
  }

  /** A token counts before the connection's certificate. */
  #identify(request: FastifyRequest): Identification {
    const text = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (text !== undefined) {
      const verdict = this.#options.tokens.check(text);
      const { token } = verdict;
      const known = token && { name: `token:${token.id}`, tokenId: token.id };
      if (!verdict.ok) return { reason: verdict.fault, ...(known !== undefined && { caller: known }) };
      const { id, role, services } = verdict.token;
      return { caller: { name: `token:${id}`, tokenId: id, role, services } };
    }
    const certificate = checkClientCertificate(request.raw.socket, this.#options.grants);
    if (certificate.kind === 'untrusted') return { reason: 'certificate_untrusted' };
    if (certificate.kind === 'trusted' && certificate.caller !== undefined) {
      return { caller: certificate.caller };
    }
    return { reason: 'token_missing' };
  }

  #refuse(
    reason: RefusalReason,
    request: FastifyRequest,
    reply: FastifyReply,
    { caller, door }: { caller?: Pick<Caller, 'name' | 'tokenId'>; door?: Exclude<Door, 'open'> },
  ): ExporterError {
    const isUnknown = isUnauthenticated(reason);
    this.#options.onRefusal({
      reason,
      address: plainAddress(request.raw.socket.remoteAddress),
      ...(caller !== undefined && { caller: caller.name }),
      ...(caller?.tokenId !== undefined && { tokenId: caller.tokenId }),
      request: {
        method: request.method,
        route: request.routeOptions.url ?? '',
        status: isUnknown ? 401 : 403,
      },
    });
    const { message, hint } = EXPLANATIONS[reason];
    reply.header('www-authenticate', describeChallenge(reason, message, door));
    return new ExporterError(isUnknown ? 'unauthenticated' : 'permission_denied', message, { hint });
  }
}

/** RFC 6750, 3: a request that presented nothing is told no error. */
function describeChallenge(reason: RefusalReason, message: string, door?: Exclude<Door, 'open'>): string {
  if (reason === 'token_missing') return REALM;
  const error = isUnauthenticated(reason) ? 'invalid_token' : 'insufficient_scope';
  const scope = door === undefined || error === 'invalid_token' ? '' : `, scope="${rolesOf(door).join(' ')}"`;
  return `${REALM}, error="${error}", error_description="${message}"${scope}`;
}
