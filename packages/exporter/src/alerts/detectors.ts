import { awaitFollowing } from './absence-detector.ts';
import { detectOutliers, detectRate } from './baseline-detectors.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { detectCount, detectEach, detectSum } from './counting-detectors.ts';
import type { Detector } from './detector.ts';
import { detectFirst, detectReturn } from './known-key-detectors.ts';
import type { RuleMemory } from './rule-memory.ts';
import { detectChanges, detectDistinct } from './run-detectors.ts';
import { detectSequence } from './sequence-detector.ts';

/** Makes what looks for a rule's alerts. */
export function createDetector(compiled: CompiledRule, memory: RuleMemory): Detector {
  const { detection } = compiled.rule;
  switch (detection.type) {
    case 'count':
      return detection.atLeast === 1
        ? detectEach(compiled, memory)
        : detectCount(compiled, memory, detection.atLeast);
    case 'sum':
      return detectSum(compiled, memory, detection);
    case 'distinct':
      return detectDistinct(compiled, memory, detection.atLeast);
    case 'changes':
      return detectChanges(compiled, memory, detection.atLeast);
    case 'sequence':
      return detectSequence(compiled, memory, detection.steps);
    case 'absence':
      return awaitFollowing(compiled, memory);
    case 'first':
      return detectFirst(compiled, memory, detection.learningMs);
    case 'return':
      return detectReturn(compiled, memory, detection.afterMs);
    case 'rate':
      return detectRate(compiled, memory, detection);
    case 'outliers':
      return detectOutliers(compiled, memory, detection);
  }
}
