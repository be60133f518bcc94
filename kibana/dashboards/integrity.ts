import { ids } from '../saved-objects/ids.ts';
import type { SavedObject } from '../saved-objects/saved-object.ts';
import { findingCount } from '../visualizations/finding-count.ts';
import { integrityEvents } from '../visualizations/integrity-events.ts';
import { keyChangeCount } from '../visualizations/key-change-count.ts';
import { logs } from '../visualizations/logs.ts';
import { lostRecordCount } from '../visualizations/lost-record-count.ts';
import { producers } from '../visualizations/producers.ts';
import { reconciliationFindings } from '../searches/reconciliation-findings.ts';
import { recordCount } from '../visualizations/record-count.ts';
import { recordsByLog } from '../visualizations/records-by-log.ts';
import { truncatedCount } from '../visualizations/truncated-count.ts';
import { dashboard } from './dashboard.ts';

/** Signs of holes: what the index itself can tell. */
export const integrity: SavedObject = dashboard({
  id: ids.integrity,
  title: 'Integrity status',
  description:
    'Whether the index is whole, as far as the index itself can tell; spanledger verify proves it.',
  controls: [{ title: 'Log', field: 'audit.ledger.origin' }],
  panels: [
    { show: recordCount, width: 10, height: 6 },
    { show: lostRecordCount, width: 10, height: 6 },
    { show: findingCount, width: 10, height: 6 },
    { show: keyChangeCount, width: 9, height: 6 },
    { show: truncatedCount, width: 9, height: 6 },
    { show: logs, width: 48, height: 10 },
    { show: recordsByLog, width: 48, height: 12 },
    { show: producers, width: 48, height: 14 },
    { show: integrityEvents, width: 24, height: 14 },
    { show: reconciliationFindings, width: 24, height: 14 },
  ],
});
