import type { SavedObject } from '../saved-objects/saved-object.ts';
import { type Column, count } from './column.ts';
import { visualization, type VisualizationSketch } from './visualization.ts';

/** How the records fall into buckets: a ring. */
export function shares(sketch: Omit<VisualizationSketch, 'columns'>, bucket: Column): SavedObject {
  const columns = { bucket, records: count('Records') };
  return visualization({ ...sketch, columns }, 'lnsPie', (layerId) => ({
    layers: [
      {
        categoryDisplay: 'default',
        layerId,
        layerType: 'data',
        legendDisplay: 'default',
        metrics: ['records'],
        nestedLegend: false,
        numberDisplay: 'percent',
        primaryGroups: ['bucket'],
      },
    ],
    shape: 'donut',
  }));
}
