import { hash } from 'node:crypto';
import { buildEntryBatch, isJsonObject, mapSpan, parseOpenings } from '@spanledger/record';
import type {
  BatchCrypto,
  EntryBatch,
  JsonObject,
  Openings,
  OtlpAttributes,
  OtlpEvent,
  OtlpSpan,
  OtlpValue,
  RecordDraft,
  ReferencedDraft,
} from '@spanledger/record';

export const STREAM_ID = '0123456789abcdef0123456789abcdef';
export const TRACE_ID = '5b8efff798038103d269b633813fc60c';
export const SPAN_ID = 'eee19b7ec3c1b174';

export const utf8 = new TextEncoder();
export const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
export const sha256 = (bytes: Uint8Array): Uint8Array => Buffer.from(hash('sha256', bytes, 'hex'), 'hex');

/** Salts 0x00 0x01 0x02 …, so that what is computed is the same in every run. */
export const fixedCrypto: BatchCrypto = {
  randomBytes: (sizeBytes) => Uint8Array.from({ length: sizeBytes }, (_, i) => i & 0xff),
  sha256,
};

export type AttributeInit = Readonly<Record<string, OtlpValue>>;

export function attributesOf(init: AttributeInit): OtlpAttributes {
  return new Map(Object.entries(init));
}

function isMap(attributes: AttributeInit | OtlpAttributes): attributes is OtlpAttributes {
  return attributes instanceof Map;
}

export function spanOf(
  overrides: Partial<Omit<OtlpSpan, 'attributes'>> = {},
  attributes: AttributeInit | OtlpAttributes = {},
): OtlpSpan {
  return {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    parentSpanId: '',
    flags: 1,
    name: 'a span',
    kind: 2,
    startTimeUnixNano: 1_795_298_400_000_000_042n,
    endTimeUnixNano: 1_795_298_400_012_000_042n,
    events: [],
    status: { code: 0, message: '' },
    ...overrides,
    attributes: isMap(attributes) ? attributes : attributesOf(attributes),
  };
}

export function eventOf(name: string, attributes: AttributeInit = {}): OtlpEvent {
  return { name, timeUnixNano: 1_795_298_400_001_000_000n, attributes: attributesOf(attributes) };
}

export const RESOURCE: AttributeInit = {
  'service.name': 'shop',
  'service.version': '1.2.3',
  'audit.sequence.stream_id': STREAM_ID,
};

export const SESSION: AttributeInit = {
  'session.id': 'sid-of-alice',
  'user.id': 'alice',
  'oidc.client_id': 'shop-web',
  'oidc.issuer': 'https://idp.example',
};

export const SERVER_CALL: AttributeInit = {
  'http.request.method': 'GET',
  'http.route': '/orders/:id',
  'http.response.status_code': 200,
  'url.path': '/orders/4711',
  'url.query': 'expand=lines',
  'url.scheme': 'https',
  'client.address': '192.0.2.7',
  'user_agent.original': 'Mozilla/5.0',
  'server.address': 'shop.example',
  'server.port': 443,
};

/** Maps a span and gives its drafts; the first is the span's own. */
export function draftsOf(
  span: OtlpSpan,
  resource: AttributeInit = RESOURCE,
): [RecordDraft, ...RecordDraft[]] {
  const [own, ...others] = mapSpan(span, {
    resource: attributesOf(resource),
    scope: { name: '@opentelemetry/instrumentation-http', version: '0.200.0' },
  });
  if (own === undefined) throw new Error('mapSpan gave no draft');
  return [own, ...others];
}

export const draftOf = (span: OtlpSpan, resource?: AttributeInit): RecordDraft => draftsOf(span, resource)[0];

export function referenced(draft: RecordDraft): ReferencedDraft {
  const actorRef = 'actor-reference';
  return draft.session === undefined
    ? { draft, actorRef }
    : { draft, actorRef, sessionRef: 'session-reference' };
}

export const batchOf = (...drafts: RecordDraft[]): EntryBatch =>
  buildEntryBatch(drafts.map(referenced), fixedCrypto);

/** One entry of a batch with its `audit.ledger` spliced in, as the sequencer does it. */
export function entryOf(
  batch: EntryBatch,
  i: number,
  ledger: JsonObject = { index: i, origin: 'log.example' },
): Uint8Array {
  const start = i === 0 ? 0 : batch.ends[i - 1];
  const hole = batch.holes[i];
  return Buffer.concat([
    batch.bytes.subarray(start, hole),
    utf8.encode(`"ledger":${JSON.stringify(ledger)},`),
    batch.bytes.subarray(hole, batch.ends[i]),
  ]);
}

export function openingsOf(batch: EntryBatch, i: number): Openings {
  return parseOpenings(batch.openings.subarray(i === 0 ? 0 : batch.openingEnds[i - 1], batch.openingEnds[i]));
}

/** All of the clear, or a group, at a dotted path. */
export function at(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, name)?.value;
  }
  return value;
}

/** JSON text that is an object, as it comes from a file or an index. */
export function objectFrom(json: string): JsonObject {
  const value: unknown = JSON.parse(json);
  if (!isJsonObject(value)) throw new Error('not an object');
  return value;
}

/** A value that TypeScript would not let through, as hostile or careless callers pass it. */
export function untyped(value: unknown): JsonObject {
  const holder: { value: JsonObject } = { value: {} };
  Object.assign(holder, { value });
  return holder.value;
}
