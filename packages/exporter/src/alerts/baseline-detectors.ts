import { addSample } from './baseline.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Detector } from './detector.ts';
import { evidenceRecord } from './raised-alert.ts';
import type { Detection } from './rule.ts';
import { type RuleMemory, toStep } from './rule-memory.ts';
import { numberOf } from './selection.ts';
import { countIn, findStretch, insertCounted } from './timeline.ts';
import { takeIntoTimeline } from './timeline-alert.ts';

/** How long values are remembered that others are compared with. */
const SAMPLES_REMEMBERED_MS = 30 * 86_400_000;

/** Records of a stretch of time that are named as evidence. */
const BUCKET_RECORDS = 8;

/** So many records in a stretch of time as is unusual. */
export function detectRate(
  { matches }: CompiledRule,
  memory: RuleMemory,
  { perMs, baseline }: Extract<Detection, { type: 'rate' }>,
): Detector {
  return (record, timeMs) => {
    if (!matches(record)) return undefined;
    const key = memory.keyOf(record);
    if (key === undefined) return undefined;
    const state = memory.read(key);
    const startMs = Math.floor(timeMs / perMs) * perMs;
    const evidence = evidenceRecord(record);
    let { bucket } = state;
    // Late ones are of a stretch that was judged already.
    if (bucket !== undefined && startMs < bucket.startMs) return undefined;
    const samplesKey = memory.samplesKeyOf(record);
    const comparable = memory.read(samplesKey);
    if (bucket === undefined || startMs > bucket.startMs) {
      if (bucket !== undefined) {
        const samples = (comparable.samples ??= { values: [], seen: 0 });
        addSample(samples, bucket.count, baseline);
        memory.keep(samplesKey, comparable, toStep(timeMs + SAMPLES_REMEMBERED_MS));
      }
      bucket = { startMs, count: 0, firstIndex: evidence.index, firstMs: timeMs, records: [] };
      state.bucket = bucket;
    }
    bucket.count++;
    bucket.records.push(evidence);
    if (bucket.records.length > BUCKET_RECORDS) bucket.records.shift();
    const limit = comparable.samples?.limit;
    if (limit === undefined || bucket.count <= limit) {
      memory.write(key, state, timeMs);
      return undefined;
    }
    const { count, firstIndex, firstMs, records } = bucket;
    return memory.raise(record, timeMs, key, state, records, { count, firstIndex, firstMs });
  };
}

/** So many records whose field has an unusually high value, within the window. */
export function detectOutliers(
  compiled: CompiledRule,
  memory: RuleMemory,
  { baseline, count: atLeast }: Extract<Detection, { type: 'outliers' }>,
): Detector {
  const { matches, value: read, rule } = compiled;
  return (record, timeMs) => {
    if (!matches(record)) return undefined;
    const value = numberOf(read?.(record)[0] ?? '');
    if (Number.isNaN(value)) return undefined;
    const samplesKey = memory.samplesKeyOf(record);
    const comparable = memory.read(samplesKey);
    const samples = (comparable.samples ??= { values: [], seen: 0 });
    const isOutlier = samples.limit !== undefined && value > samples.limit;
    addSample(samples, value, baseline);
    memory.keep(samplesKey, comparable, toStep(timeMs + SAMPLES_REMEMBERED_MS));
    if (!isOutlier) return undefined;
    return takeIntoTimeline(compiled, memory, record, timeMs, (entries) => {
      const { id, index } = evidenceRecord(record);
      const at = insertCounted(entries, [timeMs, 1, 0, '', id, index], 0);
      return findStretch(entries, at, rule.windowMs, (from, to) => countIn(entries, from, to) >= atLeast);
    });
  };
}
