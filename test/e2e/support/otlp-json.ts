import { randomBytes } from 'node:crypto';

/** What a test says about one span; the rest is filled in. */
export interface SpanSketch {
  name?: string;
  sequence?: number;
  attributes?: Record<string, string | number | string[]>;
  traceId?: string;
  spanId?: string;
}

function toAnyValue(value: string | number | string[]): object {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toAnyValue) } };
  return typeof value === 'string' ? { stringValue: value } : { intValue: String(value) };
}

function toKeyValues(attributes: Record<string, string | number | string[]>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toAnyValue(value) }));
}

/** An ExportTraceServiceRequest in OTLP/JSON of server spans from one producer. */
export function exportRequest(streamId: string, spans: SpanSketch[]): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  return JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: toKeyValues({ 'service.name': 'shop', 'audit.sequence.stream_id': streamId }),
        },
        scopeSpans: [
          {
            scope: { name: 'test' },
            spans: spans.map((span, i) => ({
              traceId: span.traceId ?? randomBytes(16).toString('hex'),
              spanId: span.spanId ?? randomBytes(8).toString('hex'),
              name: span.name ?? 'GET',
              kind: 2,
              startTimeUnixNano: String(now + BigInt(i) * 1000n),
              endTimeUnixNano: String(now + BigInt(i) * 1000n + 500n),
              attributes: toKeyValues({
                'http.request.method': 'GET',
                'http.route': '/orders/{id}',
                'http.response.status_code': 200,
                ...(span.sequence === undefined ? {} : { 'audit.sequence.number': span.sequence }),
                ...span.attributes,
              }),
            })),
          },
        ],
      },
    ],
  });
}

/** The attributes of a person's signed-in request, as the instrumentation writes them. */
export function sessionAttributes(user: string, session: string): Record<string, string | string[]> {
  return {
    'session.id': session,
    'user.id': user,
    'oidc.client_id': 'shop-web',
    'oidc.issuer': 'https://id.example.test',
    'oidc.scope': ['openid', 'orders:read'],
    'client.address': '192.0.2.17',
    'user_agent.original': 'Mozilla/5.0 (test)',
    'url.path': `/orders/${user}-1`,
    'url.query': `owner=${user}`,
  };
}
