import type { Panel } from './lens.ts';
import type { Reference, SavedObject } from './saved-object.ts';
import { QUERIES } from './searches.ts';

/** A dashboard as its author thinks of it. */
export interface Dashboard {
  id: string;
  title: string;
  description: string;
  panels: readonly Panel[];
  /** Id of the saved search that stands below the panels. */
  search: string;
}

const COUNT = [{ metric: 'count' }] as const;
const LAST = { metric: 'max', field: '@timestamp', isDate: true } as const;

function count(id: string, title: string, query: string): Panel {
  return { id: `spanledger-${id}`, title, kind: 'metric', query, metrics: COUNT };
}

function distinct(id: string, title: string, field: string): Panel {
  const metrics = [{ metric: 'unique_count', field }] as const;
  return { id: `spanledger-${id}`, title, kind: 'metric', query: QUERIES.everything, metrics };
}

function overTime(id: string, title: string, query: string, field: string): Panel {
  const buckets = [{ by: 'time' }, { by: 'terms', field }] as const;
  return { id: `spanledger-${id}`, title, kind: 'bars', query, buckets, metrics: COUNT };
}

function table(id: string, title: string, query: string, fields: readonly string[]): Panel {
  const buckets = fields.map((field) => ({ by: 'terms' as const, field }));
  return { id: `spanledger-${id}`, title, kind: 'table', query, buckets, metrics: [...COUNT, LAST] };
}

/** The dashboards. Those of a session and of a person are opened from a link, which brings the query along. */
export const dashboards: readonly Dashboard[] = [
  {
    id: 'spanledger-overview',
    title: 'Overview',
    description: 'Who does what, how much of it fails, and which services report it.',
    panels: [
      count('overview-records', 'Records', QUERIES.everything),
      distinct('overview-people', 'People', 'user.id'),
      distinct('overview-sessions', 'Sessions', 'audit.session.id'),
      count('overview-failures', 'Failures', QUERIES.failures),
      overTime('overview-time', 'Records by outcome', QUERIES.everything, 'event.outcome'),
      overTime('overview-logins', 'Logins by application', QUERIES.logins, 'oidc.client_id'),
      table('overview-actions', 'What is done', QUERIES.calls, ['event.action', 'event.outcome']),
      table('overview-services', 'Services', QUERIES.everything, ['service.name']),
    ],
    search: 'spanledger-search-records',
  },
  {
    id: 'spanledger-session',
    title: 'One session',
    description: 'Set the query to audit.session.id : "…", or follow the link of a session.',
    panels: [
      overTime('session-time', 'What was done', QUERIES.everything, 'audit.action'),
      table('session-routes', 'Calls', QUERIES.calls, ['http.route', 'http.request.method', 'event.outcome']),
      table('session-life', 'Life of the session', 'event.category : authentication', [
        'event.action',
        'oidc.session.state',
      ]),
      table('session-where', 'From where', QUERIES.calls, ['network.peer.address']),
      table('session-who', 'Under which session and name', 'audit.session.id : *', [
        'audit.session.id',
        'user.id',
        'oidc.client_id',
      ]),
    ],
    search: 'spanledger-search-records',
  },
  {
    id: 'spanledger-person',
    title: 'One person',
    description: 'Set the query to user.id : "…", or follow the link of a person.',
    panels: [
      overTime('person-time', 'When', 'user.id : *', 'event.outcome'),
      table('person-sessions', 'Sessions', 'user.id : *', ['audit.session.id', 'oidc.client_id']),
      table('person-actions', 'What was done', 'user.id : * and span.kind : server', [
        'event.action',
        'event.outcome',
      ]),
      table('person-rights', 'With which scopes', 'user.id : * and span.kind : server', ['oidc.scope']),
      table('person-refused', 'What was refused', QUERIES.scopeMismatches, ['user.id', 'http.route']),
    ],
    search: 'spanledger-search-records',
  },
  {
    id: 'spanledger-compliance',
    title: 'Compliance summary',
    description: 'Access, privileged use and refusals, for a review.',
    panels: [
      count('compliance-logins', 'Logins', QUERIES.logins),
      count('compliance-failed-logins', 'Failed logins', QUERIES.failedLogins),
      count('compliance-privileged', 'Privileged actions', QUERIES.privileged),
      count('compliance-mismatches', 'Scope mismatches', QUERIES.scopeMismatches),
      overTime('compliance-privileged-time', 'Privileged actions by person', QUERIES.privileged, 'user.id'),
      table('compliance-privileged-who', 'Who used privileges', QUERIES.privileged, [
        'user.id',
        'http.route',
      ]),
      table('compliance-strength', 'How callers were authenticated', QUERIES.calls, [
        'oidc.acr',
        'oidc.grant_type',
      ]),
      table('compliance-ends', 'How sessions ended', QUERIES.logouts, ['event.reason']),
      table('compliance-rejected', 'Tokens that were rejected', QUERIES.rejectedTokens, [
        'event.reason',
        'oidc.error',
      ]),
      table('compliance-refreshes', 'Why tokens were refreshed', QUERIES.refreshes, ['event.reason']),
      table('compliance-after-logout', 'Use after logout', QUERIES.afterLogout, ['user.id', 'http.route']),
      table('compliance-machines', 'Machines that act for themselves', QUERIES.services, ['oidc.client_id']),
    ],
    search: 'spanledger-search-privileged-actions',
  },
  {
    id: 'spanledger-integrity',
    title: 'Integrity status',
    description:
      'What can be seen of integrity from here; spanledger verify --index elasticsearch is what proves it.',
    panels: [
      {
        id: 'spanledger-integrity-logs',
        title: 'Logs: records here, last index, newest checkpoint',
        kind: 'table',
        query: QUERIES.everything,
        buckets: [{ by: 'terms', field: 'audit.ledger.origin' }],
        metrics: [
          ...COUNT,
          { metric: 'max', field: 'audit.ledger.index' },
          { metric: 'max', field: 'audit.integrity.checkpoint_size' },
        ],
      },
      {
        id: 'spanledger-integrity-producers',
        title: 'Producers: records, last number',
        kind: 'table',
        query: 'audit.sequence.stream_id : *',
        buckets: [
          { by: 'terms', field: 'service.name' },
          { by: 'terms', field: 'audit.sequence.stream_id' },
        ],
        metrics: [...COUNT, { metric: 'max', field: 'audit.sequence.number' }],
      },
      {
        id: 'spanledger-integrity-lost',
        title: 'Records that producers had to drop',
        kind: 'metric',
        query: QUERIES.lost,
        metrics: [{ metric: 'sum', field: 'audit.lost.count' }],
      },
      table('integrity-lost-why', 'Why records were dropped', QUERIES.lost, ['service.name', 'event.reason']),
      table('integrity-keys', 'Changes of the log’s keys', QUERIES.keyChanges, [
        'event.action',
        'audit.key.state',
      ]),
      table('integrity-truncated', 'Fields that were cut', QUERIES.truncated, ['audit.truncated']),
    ],
    search: 'spanledger-search-records',
  },
];

const WIDTH = 48;
const METRIC_WIDTH = 12;
const METRIC_HEIGHT = 6;
const PANEL_HEIGHT = 12;
const SEARCH_HEIGHT = 18;

/** The saved object of a dashboard: its numbers in a row, then two panels a row, then the search. */
export function renderDashboard({ id, title, description, panels, search }: Dashboard): SavedObject {
  const references: Reference[] = [];
  const placed: Record<string, unknown>[] = [];
  let [x, y, rowHeight] = [0, 0, 0];
  const place = (target: { id: string; type: 'lens' | 'search' }, w: number, h: number): void => {
    if (x + w > WIDTH || (rowHeight !== 0 && rowHeight !== h)) [x, y] = [0, y + rowHeight];
    rowHeight = h;
    const index = `panel-${placed.length}`;
    placed.push({
      type: target.type,
      panelIndex: index,
      panelRefName: `panel_${index}`,
      gridData: { x, y, w, h, i: index },
      embeddableConfig: { enhancements: {} },
    });
    references.push({ id: target.id, name: `${index}:panel_${index}`, type: target.type });
    x += w;
  };
  for (const panel of panels.toSorted((a, b) => Number(b.kind === 'metric') - Number(a.kind === 'metric'))) {
    const isMetric = panel.kind === 'metric';
    place(
      { id: panel.id, type: 'lens' },
      isMetric ? METRIC_WIDTH : WIDTH / 2,
      isMetric ? METRIC_HEIGHT : PANEL_HEIGHT,
    );
  }
  place({ id: search, type: 'search' }, WIDTH, SEARCH_HEIGHT);
  const options = {
    useMargins: true,
    syncColors: false,
    syncCursor: true,
    syncTooltips: false,
    hidePanelTitles: false,
  };
  const searchSource = { query: { query: '', language: 'kuery' }, filter: [] };
  return {
    type: 'dashboard',
    id,
    attributes: {
      title: `[Audit] ${title}`,
      description,
      version: 1,
      timeRestore: false,
      optionsJSON: JSON.stringify(options),
      panelsJSON: JSON.stringify(placed),
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(searchSource) },
    },
    references,
  };
}
