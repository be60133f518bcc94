import { ids } from '../saved-objects/ids.ts';
import { type Json, type Reference, type SavedObject, savedObject } from '../saved-objects/saved-object.ts';

/** A panel: a visualization or saved search, how wide (of {@link COLUMNS}) and how high, and where a click leads. */
export interface Panel {
  readonly show: SavedObject;
  readonly width: number;
  readonly height: number;
  readonly drilldown?: Drilldown;
}

/** A click on a value opens another dashboard, filtered by it. */
export interface Drilldown {
  readonly name: string;
  readonly dashboard: string;
}

/** A list of the values of a field, to choose from above the panels. */
export interface Control {
  readonly title: string;
  readonly field: string;
}

/** What makes a dashboard. */
export interface DashboardSketch {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly controls?: readonly Control[];
  /** From left to right; a panel that does not fit begins a new row. */
  readonly panels: readonly Panel[];
}

/** How many columns a dashboard has. */
const COLUMNS = 48;

/** To the session in a column or bar. */
export const TO_SESSION: Drilldown = { name: 'Show this session', dashboard: ids.session };
/** To the person in a column or bar. */
export const TO_PERSON: Drilldown = { name: 'Show this person', dashboard: ids.person };

/** Makes a dashboard. */
export function dashboard({ id, title, description, controls = [], panels }: DashboardSketch): SavedObject {
  const placed = placePanels(panels);
  return savedObject(
    'dashboard',
    id,
    {
      ...(controls.length > 0 && { controlGroupInput: controlGroup(controls) }),
      description,
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { language: 'kuery', query: '' }, filter: [] }),
      },
      optionsJSON: JSON.stringify({
        hidePanelTitles: false,
        syncColors: true,
        syncCursor: true,
        syncTooltips: false,
        useMargins: true,
      }),
      panelsJSON: JSON.stringify(placed.map(({ panel }) => panel)),
      timeRestore: false,
      title: `[Spanledger] ${title}`,
      version: 1,
    },
    [...placed.flatMap(({ references }) => references), ...controls.map(controlReference)],
  );
}

function placePanels(panels: readonly Panel[]): { panel: Json; references: Reference[] }[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map(({ show, width, height, drilldown }) => {
    if (x + width > COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const index = show.id;
    const panel = {
      embeddableConfig: { enhancements: drilldown ? drilldownEvents(index, drilldown) : {} },
      gridData: { h: height, i: index, w: width, x, y },
      panelIndex: index,
      panelRefName: `panel_${index}`,
      type: show.type,
    };
    [x, rowHeight] = [x + width, Math.max(rowHeight, height)];
    const references: Reference[] = [{ id: show.id, name: `${index}:panel_${index}`, type: show.type }];
    if (drilldown) {
      const name = `${index}:drilldown:${DRILLDOWN}:${eventId(index)}:dashboardId`;
      references.push({ id: drilldown.dashboard, name, type: 'dashboard' });
    }
    return { panel, references };
  });
}

const DRILLDOWN = 'DASHBOARD_TO_DASHBOARD_DRILLDOWN';

function drilldownEvents(index: string, { name }: Drilldown): Json {
  const config = { openInNewTab: false, useCurrentDateRange: true, useCurrentFilters: true };
  const action = { config, factoryId: DRILLDOWN, name };
  return { dynamicActions: { events: [{ action, eventId: eventId(index), triggers: ['FILTER_TRIGGER'] }] } };
}

function eventId(index: string): string {
  return `${index}-drilldown`;
}

function controlGroup(controls: readonly Control[]): Json {
  const panels = controls.map((control, order) => {
    const id = controlId(control);
    const explicitInput = {
      dataViewRefName: `controlGroup_${id}:optionsListDataView`,
      fieldName: control.field,
      id,
      searchTechnique: 'prefix',
      selectedOptions: [],
      sort: { by: '_count', direction: 'desc' },
      title: control.title,
    };
    return [id, { explicitInput, grow: true, order, type: 'optionsListControl', width: 'medium' }] as const;
  });
  return {
    chainingSystem: 'HIERARCHICAL',
    controlStyle: 'oneLine',
    ignoreParentSettingsJSON: JSON.stringify({
      ignoreFilters: false,
      ignoreQuery: false,
      ignoreTimerange: false,
      ignoreValidations: false,
    }),
    panelsJSON: JSON.stringify(Object.fromEntries(panels)),
    showApplySelections: false,
  };
}

function controlReference(control: Control): Reference {
  const name = `controlGroup_${controlId(control)}:optionsListDataView`;
  return { id: ids.audit, name, type: 'index-pattern' };
}

function controlId({ field }: Control): string {
  return `control-${field.replaceAll('.', '-')}`;
}
