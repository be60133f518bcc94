import { dashboards, renderDashboard } from './dashboards.ts';
import { dataViews } from './data-views.ts';
import { renderPanel } from './lens.ts';
import { renderAlertRule, renderDetectionRule, watches } from './rules.ts';
import { renderSavedObject } from './saved-object.ts';
import { searches } from './searches.ts';

/** All that is written, by the names of the files. */
export function renderFiles(): Map<string, string> {
  const panels = dashboards.flatMap((dashboard) => dashboard.panels.map(renderPanel));
  const objects = [...dataViews, ...searches, ...panels, ...dashboards.map(renderDashboard)];
  return new Map([
    ['saved-objects.ndjson', lines(objects.map(renderSavedObject))],
    ['alert-rules.ndjson', lines(watches.map((watch) => JSON.stringify(renderAlertRule(watch))))],
    ['detection-rules.ndjson', lines(watches.map((watch) => JSON.stringify(renderDetectionRule(watch))))],
  ]);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
