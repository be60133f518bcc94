import type { FieldFormat } from './data-view.ts';
import { ids } from '../saved-objects/ids.ts';

/** Links are opened with a wide range of time: they start from one value, whose record may be old. */
const TIME = '_g=(time:(from:now-1y,to:now))';
/** Kibana puts the encoded value of the field here. */
const VALUE = '%22{{value}}%22';

/** A link to the documents of a data view with the same value in one of its fields. */
export function discoverLink(dataViewId: string, field: string): FieldFormat {
  const source = `dataSource:(dataViewId:${dataViewId},type:dataView)`;
  return link(`../app/discover#/?${TIME}&_a=(${source},${queryFor(field)})`);
}

/** A link to a dashboard that shows only what has this value. */
export function dashboardLink(dashboardId: string, field: string): FieldFormat {
  return link(`../app/dashboards#/view/${dashboardId}?${TIME}&_a=(${queryFor(field)})`);
}

/** Links that records and alerts share. */
export const RECORD_LINKS: Readonly<Record<string, FieldFormat>> = {
  'audit.session.id': dashboardLink(ids.session, 'audit.session.id'),
  'oidc.session.id': dashboardLink(ids.session, 'oidc.session.id'),
  'trace.id': discoverLink(ids.traces, 'trace_id'),
  'user.id': dashboardLink(ids.person, 'user.id'),
};

function queryFor(field: string): string {
  return `query:(language:kuery,query:'${field}:${VALUE}')`;
}

/** `..`: the only spelling that also holds below a base path and in a space. */
function link(urlTemplate: string): FieldFormat {
  return {
    id: 'url',
    params: { labelTemplate: '{{value}}', openLinkInCurrentTab: false, type: 'a', urlTemplate },
  };
}
