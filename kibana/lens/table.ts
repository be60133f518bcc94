import type { SavedObject } from '../saved-objects/saved-object.ts';
import { visualization, type VisualizationSketch } from './visualization.ts';

/** A table: a row for each combination of the buckets. */
export function table(sketch: VisualizationSketch): SavedObject {
  return visualization(sketch, 'lnsDatatable', (layerId) => ({
    columns: Object.keys(sketch.columns).map((columnId) => ({ columnId })),
    layerId,
    layerType: 'data',
    paging: { enabled: true, size: 10 },
  }));
}
