import type { JsonObject } from '@spanledger/record';
import type { Capabilities } from '../capabilities.ts';
import { streamNames } from '../stream-names.ts';
import { auditMapping } from './audit-mapping.ts';
import { ANALYSIS } from './mapping.ts';
import { alertsMapping, sessionsMapping } from './other-mappings.ts';

/** Above that of the templates which Elasticsearch and its integrations bring for `logs-*-*` (100 and 200). */
const TEMPLATE_PRIORITY = 500;
/** When a backing index is full, where a policy rolls it over. */
const ROLLOVER = { max_age: '30d', max_primary_shard_size: '50gb' };

/** What can be wished for. */
export interface SetupWishes {
  namespace: string;
  /** How long records stay in Elasticsearch, as it writes times (`365d`); undefined: for ever. */
  retention?: string | undefined;
  /** A lifecycle policy in the place of the data stream's own lifecycle. */
  ilm?: boolean | undefined;
}

/** Something that is to be there, as it is to be. */
export interface Resource {
  kind: 'component_template' | 'index_template' | 'lifecycle_policy';
  name: string;
  body: JsonObject;
}

/** A stream or index that is to be there, and the mapping that it is to have. */
export interface Target {
  kind: 'data_stream' | 'index';
  name: string;
  mapping: JsonObject;
  /** A data stream's own; undefined: the lifecycle is another's affair. */
  lifecycle?: JsonObject;
}

/** All that a namespace needs, in the order in which it must be made. */
export interface DesiredState {
  resources: readonly Resource[];
  targets: readonly Target[];
  /** What the server lacks, and what is done in its place. */
  fallbacks: readonly string[];
}

/** Says of everything what it belongs to. */
const META: JsonObject = { managed_by: 'spanledger', documentation: 'docs/elasticsearch.md' };

/** What is to be there, on a server that can do so much. */
export function desiredState(wishes: SetupWishes, capabilities: Capabilities): DesiredState {
  const { namespace, retention } = wishes;
  const names = streamNames(namespace);
  const useIlm = wishes.ilm === true && capabilities.ilm;
  const policy = `spanledger-${namespace}`;
  const lifecycle: JsonObject = {
    enabled: true,
    ...(retention !== undefined && { data_retention: retention }),
  };
  const rolled: JsonObject = useIlm
    ? { settings: { index: { lifecycle: { name: policy } } } }
    : { lifecycle };
  const component = (name: string, template: JsonObject): Resource => ({
    kind: 'component_template',
    name,
    body: { template, _meta: META },
  });
  const template = (name: string, parts: string[], more: JsonObject): Resource => ({
    kind: 'index_template',
    name: name.replace(/^logs-/, ''),
    body: {
      index_patterns: [name],
      composed_of: parts,
      // For what only the user knows: shards, allocation, fields of the own application.
      ignore_missing_component_templates: [`spanledger-${namespace}@custom`],
      priority: TEMPLATE_PRIORITY,
      _meta: META,
      ...more,
    },
  });
  const custom = `spanledger-${namespace}@custom`;
  const parts = {
    lifecycle: `spanledger-${namespace}@lifecycle`,
    audit: `spanledger.audit-${namespace}@records`,
    alerts: `spanledger.alerts-${namespace}@records`,
    sessions: `spanledger.sessions-${namespace}@documents`,
  };
  const settings = { index: SETTINGS };
  const audit = auditMapping(capabilities.fieldTypes);
  const alerts = alertsMapping(audit);
  const sessions = sessionsMapping();
  const resources: Resource[] = [
    ...(useIlm ? [lifecyclePolicy(policy, retention)] : []),
    component(parts.lifecycle, rolled),
    component(parts.audit, { settings, mappings: audit }),
    component(parts.alerts, { settings, mappings: alerts }),
    component(parts.sessions, { settings, mappings: sessions }),
    template(names.audit, [parts.audit, parts.lifecycle, custom], { data_stream: {} }),
    template(names.alerts, [parts.alerts, parts.lifecycle, custom], { data_stream: {} }),
    template(names.sessions, [parts.sessions, custom], {}),
  ];
  const own = useIlm ? {} : { lifecycle };
  return {
    resources,
    targets: [
      { kind: 'data_stream', name: names.audit, mapping: audit, ...own },
      { kind: 'data_stream', name: names.alerts, mapping: alerts, ...own },
      { kind: 'index', name: names.sessions, mapping: sessions },
    ],
    fallbacks: fallbacksOf(wishes, capabilities),
  };
}

const SETTINGS: JsonObject = {
  // Elasticsearch 9 would rebuild the document from its parts; what verifies is the document as it was sent.
  mode: 'standard',
  codec: 'best_compression',
  auto_expand_replicas: '0-1',
  mapping: { source: { mode: 'stored' }, ignore_malformed: true },
  analysis: ANALYSIS,
};

function lifecyclePolicy(name: string, retention: string | undefined): Resource {
  const phases = {
    hot: { min_age: '0ms', actions: { rollover: ROLLOVER } },
    ...(retention !== undefined && { delete: { min_age: retention, actions: { delete: {} } } }),
  };
  return { kind: 'lifecycle_policy', name, body: { policy: { phases, _meta: META } } };
}

function fallbacksOf(wishes: SetupWishes, capabilities: Capabilities): string[] {
  const { ilm, dataStreams, dataStreamLifecycle, security, fieldTypes } = capabilities;
  return [
    ...(wishes.ilm === true && !ilm
      ? ['The server has no lifecycle policies (ILM): the data stream lifecycle is used.']
      : []),
    ...(fieldTypes.has('wildcard')
      ? []
      : ['The server has no fields of the type wildcard: url.full, url.original and url.path are keywords.']),
    ...(dataStreams
      ? []
      : ['The server has no calls for data streams: they appear with their first document.']),
    ...(dataStreamLifecycle
      ? []
      : [
          'The server has no calls for the lifecycle of a data stream: only new streams get a changed retention.',
        ]),
    ...(security
      ? []
      : ['Security is off: there are no roles and keys, and whoever reaches the server may do everything.']),
  ];
}
