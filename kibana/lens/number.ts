import type { SavedObject } from '../saved-objects/saved-object.ts';
import type { Column } from './column.ts';
import { visualization, type VisualizationSketch } from './visualization.ts';

/** One number. */
export function number(sketch: Omit<VisualizationSketch, 'columns'>, column: Column): SavedObject {
  return visualization({ ...sketch, columns: { value: column } }, 'lnsMetric', (layerId) => ({
    layerId,
    layerType: 'data',
    metricAccessor: 'value',
  }));
}
