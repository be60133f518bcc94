import { type Json, type SavedObject, savedObject } from '../saved-objects/saved-object.ts';

/** How a field is shown. */
export type FieldFormat =
  { readonly id: 'url'; readonly params: Json } | { readonly id: 'duration'; readonly params: Json };

/** What makes a data view. */
export interface DataViewSketch {
  readonly id: string;
  readonly name: string;
  /** Names of the streams, for every namespace. */
  readonly pattern: string;
  readonly formats: Readonly<Record<string, FieldFormat>>;
  /** What fields are called, and what is said of them. */
  readonly labels?: Readonly<Record<string, { customLabel: string; customDescription: string }>>;
}

/** Makes a data view. */
export function dataView({ id, name, pattern, formats, labels = {} }: DataViewSketch): SavedObject {
  return savedObject('index-pattern', id, {
    allowHidden: false,
    fieldAttrs: JSON.stringify(labels),
    fieldFormatMap: JSON.stringify(formats),
    fields: '[]',
    name,
    runtimeFieldMap: '{}',
    sourceFilters: '[]',
    timeFieldName: '@timestamp',
    title: pattern,
  });
}

/** A duration in nanoseconds, shown in the unit that fits. */
export const NANOSECONDS: FieldFormat = {
  id: 'duration',
  params: {
    inputFormat: 'nanoseconds',
    outputFormat: 'humanizePrecise',
    outputPrecision: 1,
    useShortSuffix: true,
  },
};
