import type { SavedObject } from './saved-object.ts';

/** The audit records of all namespaces. */
export const AUDIT_VIEW = 'spanledger-audit';
/** Ordinary spans, as the OpenTelemetry collector writes them. */
export const TRACES_VIEW = 'spanledger-traces';
/** The sessions, one document each. */
export const SESSIONS_VIEW = 'spanledger-sessions';

/** A link from a value to what it leads to; `{{rawValue}}` is the value. */
function link(urlTemplate: string): Record<string, unknown> {
  return { id: 'url', params: { urlTemplate, labelTemplate: '{{value}}' } };
}

function dashboardLink(dashboard: string, field: string): Record<string, unknown> {
  return link(
    `/app/dashboards#/view/${dashboard}?_a=(query:(language:kuery,query:'${field} : "{{rawValue}}"'))`,
  );
}

function discoverLink(view: string, field: string): Record<string, unknown> {
  const source = `dataSource:(dataViewId:${view},type:dataView)`;
  return link(`/app/discover#/?_a=(${source},query:(language:kuery,query:'${field} : "{{rawValue}}"'))`);
}

function dataView(
  id: string,
  name: string,
  title: string,
  timeFieldName: string,
  formats: Record<string, Record<string, unknown>>,
): SavedObject {
  const attributes = {
    title,
    name,
    timeFieldName,
    allowHidden: false,
    fieldAttrs: '{}',
    fieldFormatMap: JSON.stringify(formats),
    fields: '[]',
    runtimeFieldMap: '{}',
    sourceFilters: '[]',
  };
  return { type: 'index-pattern', id, attributes, references: [] };
}

/** Data views; their links lead from a record to its trace and back, to its session and to its person. */
export const dataViews: readonly SavedObject[] = [
  dataView(AUDIT_VIEW, 'Audit records', 'logs-spanledger.audit-*', '@timestamp', {
    'trace.id': discoverLink(TRACES_VIEW, 'trace_id'),
    'audit.session.id': dashboardLink('spanledger-session', 'audit.session.id'),
    'user.id': dashboardLink('spanledger-person', 'user.id'),
    'event.duration': {
      id: 'duration',
      params: { inputFormat: 'nanoseconds', outputFormat: 'asMilliseconds' },
    },
  }),
  dataView(TRACES_VIEW, 'Traces', 'traces-*', '@timestamp', {
    trace_id: discoverLink(AUDIT_VIEW, 'trace.id'),
  }),
  dataView(SESSIONS_VIEW, 'Audited sessions', 'spanledger.sessions-*', 'started', {
    id: dashboardLink('spanledger-session', 'audit.session.id'),
    user_id: dashboardLink('spanledger-person', 'user.id'),
  }),
];
