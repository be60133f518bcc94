import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';

const RESOURCE = { attributes: { 'service.name': 'test' } };
const SCOPE = { name: 'test', version: '1' };

/** An ended span, as SDK 2.x and 3.x make them. */
export function makeSpan(overrides: Partial<RecordedSpan> = {}): RecordedSpan {
  const identity = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  return {
    spanContext: () => identity,
    name: 'span',
    kind: 0,
    startTime: [1_700_000_000, 1],
    endTime: [1_700_000_001, 2],
    attributes: {},
    events: [],
    links: [],
    status: { code: 0 },
    resource: RESOURCE,
    instrumentationScope: SCOPE,
    ended: true,
    ...overrides,
  };
}
