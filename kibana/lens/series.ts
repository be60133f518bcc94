import type { SavedObject } from '../saved-objects/saved-object.ts';
import { type Column, dateHistogram } from './column.ts';
import { visualization, type VisualizationSketch } from './visualization.ts';

/** What a series is made of. */
export interface SeriesSketch extends Omit<VisualizationSketch, 'columns'> {
  readonly shape?: 'bar_stacked' | 'line';
  /** A colour for each of its buckets. */
  readonly split?: Column;
  readonly values: Readonly<Record<string, Column>>;
}

/** Values over time. */
export function series({ shape = 'bar_stacked', split, values, ...sketch }: SeriesSketch): SavedObject {
  const columns = { ...(split && { split }), time: dateHistogram(), ...values };
  return visualization({ ...sketch, columns }, 'lnsXY', (layerId) => ({
    layers: [
      {
        accessors: Object.keys(values),
        layerId,
        layerType: 'data',
        seriesType: shape,
        xAccessor: 'time',
        ...(split && { splitAccessor: 'split' }),
      },
    ],
    legend: { isVisible: true, position: 'right' },
    preferredSeriesType: shape,
    valueLabels: 'hide',
  }));
}
