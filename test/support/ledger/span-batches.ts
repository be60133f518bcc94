import { createHash } from 'node:crypto';
import { buildEntryBatch, mapSpan, type EntryBatch, type OtlpSpan } from '@spanledger/record';

/** Which spans a batch is made of. */
export interface SpanBatchOptions {
  /** The first span's number; spans of one producer follow one another. */
  first?: number;
  /** How many spans. */
  count: number;
  /** Makes everything random another; the same seed gives the same bytes. */
  seed?: string;
}

/** A batch of records as the record package makes them of a service's spans, the same at every call. */
export function makeSpanBatch({ first = 0, count, seed = '' }: SpanBatchOptions): EntryBatch {
  let drawn = 0;
  const scope = { name: 'vectors', version: '1' };
  const resource = new Map([
    ['service.name', 'shop'],
    ['audit.sequence.stream_id', digest(`${seed}producer`).toString('hex').slice(0, 32)],
  ]);
  const drafts = Array.from({ length: count }, (_, i) =>
    mapSpan(spanOf(first + i, seed), { resource, scope }).map((draft) => ({
      draft,
      actorRef: digest(`${seed}actor ${draft.subject?.id}`).toString('base64url').slice(0, 22),
      sessionRef: digest(`${seed}session ${draft.session?.id}`).toString('base64url').slice(0, 22),
    })),
  ).flat();
  const salt = first === 0 ? 'salt' : `salt ${first}`;
  return buildEntryBatch(drafts, {
    randomBytes: (size) => {
      const chunks: Buffer[] = [];
      for (let length = 0; length < size; length += 32) chunks.push(digest(`${seed}${salt} ${drawn++}`));
      return Buffer.concat(chunks).subarray(0, size);
    },
    sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  });
}

function spanOf(i: number, seed: string): OtlpSpan {
  const user = i % 2 === 0 ? 'alice' : 'bob';
  return {
    traceId: digest(`${seed}trace ${i}`).toString('hex').slice(0, 32),
    spanId: digest(`${seed}span ${i}`).toString('hex').slice(0, 16),
    parentSpanId: '',
    flags: 1,
    name: 'GET /orders/{id}',
    kind: 2,
    startTimeUnixNano: 1_790_000_000_000_000_000n + BigInt(i) * 1_000_000n,
    endTimeUnixNano: 1_790_000_000_000_000_000n + BigInt(i) * 1_000_000n + 250_000n,
    attributes: new Map<string, string | number | string[]>([
      ['audit.sequence.number', i + 1],
      ['client.address', '192.0.2.17'],
      ['http.request.method', 'GET'],
      ['http.response.status_code', 200],
      ['http.route', '/orders/{id}'],
      ['oidc.client_id', 'shop-web'],
      ['oidc.issuer', 'https://id.example.test'],
      ['oidc.scope', ['orders:read', 'openid']],
      ['session.id', `session of ${user}`],
      ['url.path', `/orders/${i}`],
      ['user.id', user],
    ]),
    events: [],
    status: { code: 0, message: '' },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
