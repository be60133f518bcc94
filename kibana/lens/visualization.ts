import { ids } from '../saved-objects/ids.ts';
import { type Json, type SavedObject, savedObject } from '../saved-objects/saved-object.ts';
import type { Column } from './column.ts';

/** What every visualization has. */
export interface VisualizationSketch {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  /** KQL; undefined: every record. */
  readonly query?: string;
  /** By their ids; those that make buckets first, from the outermost. */
  readonly columns: Readonly<Record<string, Column>>;
}

/** Makes a visualization with one layer upon the audit records. */
export function visualization(
  sketch: VisualizationSketch,
  type: string,
  draw: (layerId: string) => Json,
): SavedObject {
  const { id, title, description = '', query = '', columns } = sketch;
  const layerId = `${id}-layer`;
  const layer = {
    columnOrder: Object.keys(columns),
    columns: Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, lensColumn(column)])),
    ignoreGlobalFilters: false,
    incompleteColumns: {},
    sampling: 1,
  };
  return savedObject(
    'lens',
    id,
    {
      description,
      state: {
        adHocDataViews: {},
        datasourceStates: { formBased: { layers: { [layerId]: layer } }, textBased: { layers: {} } },
        filters: [],
        internalReferences: [],
        query: { language: 'kuery', query },
        visualization: draw(layerId),
      },
      title: `[Spanledger] ${title}`,
      visualizationType: type,
    },
    [{ id: ids.audit, name: `indexpattern-datasource-layer-${layerId}`, type: 'index-pattern' }],
  );
}

function lensColumn({ sourceField, filter, ...column }: Column): Json {
  return {
    ...column,
    customLabel: true,
    scale: scaleOf(column),
    ...(sourceField !== undefined && { sourceField }),
    ...(filter !== undefined && { filter }),
  };
}

function scaleOf({ dataType, isBucketed }: Pick<Column, 'dataType' | 'isBucketed'>): string {
  if (dataType === 'date') return 'interval';
  return isBucketed || dataType === 'string' ? 'ordinal' : 'ratio';
}
