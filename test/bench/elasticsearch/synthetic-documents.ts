import { hash } from 'node:crypto';
import type { JsonObject } from '@spanledger/record';

const START_MS = Date.UTC(2026, 10, 1);
/** A record every 40 ms: a million of them take eleven hours. */
const STEP_MS = 40;
const SESSIONS = 40_000;
const PERSONS = 20_000;
const ROUTES = 40;
const WORDS = 5_000;

/** The session that a record belongs to. */
export function sessionOf(index: number): string {
  return name('session', Math.imul(index, 2_654_435_761) >>> 0, SESSIONS);
}

/** Who acted in a session's record. */
export function personOf(index: number): string {
  return `person-${(Math.imul(index, 2_654_435_761) >>> 0) % PERSONS}@mail.example`;
}

/** A word that some records have in a note. */
export function wordOf(index: number): string {
  return `w${hash('sha256', `word ${index % WORDS}`, 'hex').slice(0, 8)}`;
}

/** When a record was, RFC 3339. */
export function timeOf(index: number): string {
  return new Date(START_MS + index * STEP_MS).toISOString().replace('Z', '000000Z');
}

/** An opened document as the followers have it: 1.3 kB, much like those of a shop's calls. */
export function makeDocument(index: number, origin: string): JsonObject {
  const digest = hash('sha256', `${origin} ${index}`, 'hex');
  const route = index % ROUTES;
  const isFailure = index % 50 === 0;
  return {
    '@timestamp': timeOf(index),
    attributes: { 'order.note': `parcel ${wordOf(index)} please`, 'order.total': (index % 10_000) / 4 },
    audit: {
      action: 'READ',
      actor: { id: name('actor', index, PERSONS), type: 'user' },
      commitments: {
        content: digest.slice(0, 43),
        identity: digest.slice(1, 44),
        network: digest.slice(2, 45),
      },
      integrity: { checkpoint_size: index + 1, hash: digest },
      ledger: { index, origin, previous: digest },
      openings: { identity: { salt: digest.slice(0, 22) } },
      outcome: isFailure ? 'failure' : 'success',
      record: { id: `${digest.slice(0, 32)}-${digest.slice(32, 48)}-${digest.slice(0, 32)}` },
      schema: { version: '1.0.0' },
      sequence: { number: index, stream_id: digest.slice(0, 32) },
      session: { id: sessionOf(index) },
      target: { id: `/route-${route}/:id`, type: 'http.route' },
    },
    client: { address: `10.${index % 200}.${(index >> 8) % 256}.7` },
    ecs: { version: '9.1.0' },
    event: {
      action: `GET /route-${route}/:id`,
      category: ['api', 'web'],
      dataset: 'spanledger.audit',
      duration: 1_000_000 + (index % 1000) * 7919,
      kind: 'event',
      module: 'spanledger',
      outcome: isFailure ? 'failure' : 'success',
      type: ['access', 'allowed'],
    },
    http: {
      request: { method: 'GET' },
      response: { status_code: isFailure ? 403 : 200 },
      route: `/route-${route}/:id`,
    },
    oidc: {
      client_id: 'shop-web',
      issuer: 'https://id.example',
      session: { id: name('sid', index, SESSIONS) },
    },
    service: { name: 'shop', version: '1.2.3' },
    span: { id: digest.slice(0, 16), kind: 'server' },
    trace: { id: digest.slice(16, 48) },
    url: { path: `/route-${route}/${index % 9973}`, scheme: 'https' },
    user: { id: personOf(index), roles: ['customer'] },
  };
}

function name(kind: string, value: number, of: number): string {
  return hash('sha256', `${kind} ${value % of}`, 'base64url').slice(0, 22);
}
