import { alertRules } from './alert-rules/index.ts';
import { detectionRules } from './detection-rules/index.ts';
import { savedObjects } from './saved-objects/index.ts';

/** What is shipped: each file's name and text. */
export function shippedFiles(): Readonly<Record<string, string>> {
  return {
    'spanledger.ndjson': lines([...savedObjects, exportSummary()]),
    'detection-rules.ndjson': lines(detectionRules),
    'alert-rules.ndjson': lines(alertRules),
  };
}

/** The last line of an export, as Kibana writes it. */
function exportSummary(): object {
  return {
    excludedObjects: [],
    excludedObjectsCount: 0,
    exportedCount: savedObjects.length,
    missingRefCount: 0,
    missingReferences: [],
  };
}

function lines(objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}
