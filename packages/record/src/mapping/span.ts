import type { RecordDraft } from '../draft.ts';
import { RecordError } from '../errors.ts';
import type { OtlpSpan, OtlpSpanGroup } from '../span.ts';

/** What a span's record needs from around it. */
export type SpanContext = Pick<OtlpSpanGroup, 'resource' | 'scope'>;

export function mapSpan(span: OtlpSpan, context: SpanContext): RecordDraft[] {
  throw new RecordError('record_malformed', `${span.spanId} ${context.scope.name}`);
}
