import type { SoundBundle } from '../verify/sound-bundle.ts';
import type { WorkOrder } from './work-plan.ts';

/** What a thread is started with. */
export interface WorkerStart {
  order: WorkOrder;
  /** The thread's number, from 0. */
  holder: number;
}

/** What a thread answers with: the bundles of a run, undefined for those that need a closer look. */
export interface BundleRun {
  run: number;
  bundles: (Omit<SoundBundle, 'streams'> | undefined)[];
  /** Producers that the thread has not named before. They are added to those of its earlier answers. */
  newStreams: readonly string[];
  /** Whether those of earlier answers are forgotten. */
  areStreamsForgotten: boolean;
}

/** Whether a value is what a thread is started with. */
export function isWorkerStart(value: unknown): value is WorkerStart {
  return typeof value === 'object' && value !== null && 'order' in value && 'holder' in value;
}
