import type { Client } from '@elastic/elasticsearch';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import type { Capabilities } from '../capabilities.ts';
import { type Difference, findDifferences } from './difference.ts';
import {
  type DesiredState,
  desiredState,
  type Resource,
  type SetupWishes,
  type Target,
} from './resources.ts';
import { describeRoles, type RoleDescription } from './roles.ts';

/** Something that is not as it should be, and what is done about it. */
export interface SetupChange {
  kind: Resource['kind'] | Target['kind'] | 'lifecycle' | 'role' | 'api_key';
  name: string;
  /**
   * `create`: it is not there; `update`: it is changed in place; `roll_over`: the stream gets a new backing index, since
   * what is indexed keeps the mapping that it has.
   */
  action: 'create' | 'update' | 'roll_over';
  differences: Difference[];
}

/** A change with the request that makes it. */
export interface PlannedChange extends SetupChange {
  request: { method: string; path: string; body?: JsonObject };
  /** Of an API key: whose. */
  role?: RoleDescription;
}

/** What {@link readPlan} must know beside what is wished for. */
export interface PlanWishes extends SetupWishes {
  /** Make API keys although there are some. */
  newKeys?: boolean | undefined;
  /** How long new keys are good for, as Elasticsearch writes times; undefined: until somebody invalidates them. */
  keysExpire?: string | undefined;
}

/** What there is to do. */
export interface SetupPlan {
  changes: PlannedChange[];
  /** How many things are as they should be. */
  unchanged: number;
  fallbacks: readonly string[];
}

const PATHS: Record<Resource['kind'], string> = {
  component_template: '/_component_template/',
  index_template: '/_index_template/',
  lifecycle_policy: '/_ilm/policy/',
};

/** Compares what is there with what should be; changes nothing. */
export async function readPlan(
  client: Client,
  wishes: PlanWishes,
  capabilities: Capabilities,
): Promise<SetupPlan> {
  const desired = desiredState(wishes, capabilities);
  const found: (PlannedChange | undefined)[] = [
    ...(await planResources(client, desired)),
    ...(await planTargets(client, desired, capabilities)),
    ...(capabilities.security ? await planAccess(client, wishes) : []),
  ];
  const changes = found.filter((change) => change !== undefined);
  return { changes, unchanged: found.length - changes.length, fallbacks: desired.fallbacks };
}

async function planResources(client: Client, desired: DesiredState): Promise<(PlannedChange | undefined)[]> {
  const plans: (PlannedChange | undefined)[] = [];
  for (const { kind, name, body } of desired.resources) {
    const path = `${PATHS[kind]}${name}`;
    const before = resourceIn(await ask(client, path), kind, name);
    const onlyWanted = kind !== 'component_template' && phasesOf(before) <= phasesOf(body);
    plans.push(changeOf(kind, name, before, body, { method: 'PUT', path, body }, onlyWanted));
  }
  return plans;
}

async function planTargets(
  client: Client,
  desired: DesiredState,
  capabilities: Capabilities,
): Promise<(PlannedChange | undefined)[]> {
  const plans: (PlannedChange | undefined)[] = [];
  for (const target of desired.targets) {
    const { kind, name, mapping, lifecycle } = target;
    const mappings = await ask(client, `/${name}/_mapping`);
    if (mappings === undefined) {
      const path = kind === 'data_stream' ? `/_data_stream/${name}` : `/${name}`;
      // Without the call, the first document makes the stream, from its template.
      const isMade = kind === 'index' || capabilities.dataStreams;
      plans.push(isMade ? changeOf(kind, name, undefined, {}, { method: 'PUT', path }) : undefined);
      continue;
    }
    plans.push(planMapping(target, newestMapping(mappings), mapping));
    if (lifecycle !== undefined && capabilities.dataStreamLifecycle) {
      const path = `/_data_stream/${name}/_lifecycle`;
      const before = lifecycleIn(await ask(client, path));
      const request = { method: 'PUT', path, body: lifecycle };
      plans.push(changeOf('lifecycle', name, before, lifecycle, request));
    }
  }
  return plans;
}

function planMapping(target: Target, before: JsonObject, mapping: JsonObject): PlannedChange | undefined {
  const { kind, name } = target;
  const differences = findDifferences(before, mapping, true);
  if (differences.length === 0) return undefined;
  const isAddition = differences.every((difference) => difference.before === undefined);
  return isAddition || kind === 'index'
    ? {
        kind,
        name,
        action: 'update',
        differences,
        request: { method: 'PUT', path: `/${name}/_mapping`, body: mapping },
      }
    : {
        kind,
        name,
        action: 'roll_over',
        differences,
        request: { method: 'POST', path: `/${name}/_rollover` },
      };
}

async function planAccess(client: Client, wishes: PlanWishes): Promise<(PlannedChange | undefined)[]> {
  const plans: (PlannedChange | undefined)[] = [];
  for (const role of describeRoles(wishes.namespace)) {
    const { name, descriptor } = role;
    const path = `/_security/role/${name}`;
    const before = memberOf(await ask(client, path), name);
    plans.push(changeOf('role', name, before, descriptor, { method: 'PUT', path, body: descriptor }, true));
    const keys = await ask(client, `/_security/api_key?name=${name}&active_only=true&owner=false`);
    const hasKey = Array.isArray(keys?.['api_keys']) && keys['api_keys'].length > 0;
    if (hasKey && wishes.newKeys !== true) {
      plans.push(undefined);
      continue;
    }
    const body = {
      name,
      role_descriptors: { [name]: descriptor },
      ...(wishes.keysExpire !== undefined && { expiration: wishes.keysExpire }),
    };
    const request = { method: 'POST', path: '/_security/api_key', body };
    plans.push({ kind: 'api_key', name, action: 'create', differences: [], request, role });
  }
  return plans;
}

function changeOf(
  kind: SetupChange['kind'],
  name: string,
  before: JsonObject | undefined,
  after: JsonObject,
  request: PlannedChange['request'],
  onlyWanted = false,
): PlannedChange | undefined {
  if (before === undefined)
    return { kind, name, action: 'create', differences: findDifferences({}, after), request };
  const differences = findDifferences(before, after, onlyWanted);
  return differences.length === 0 ? undefined : { kind, name, action: 'update', differences, request };
}

/** What is at a path; undefined where there is nothing. */
async function ask(client: Client, path: string): Promise<JsonObject | undefined> {
  const answer = await client.transport.request({ method: 'GET', path }, { meta: true, ignore: [404] });
  return answer.statusCode !== 404 && isJsonObject(answer.body) ? answer.body : undefined;
}

/** A template or policy as it was put, without what the server adds. */
function resourceIn(
  answer: JsonObject | undefined,
  kind: Resource['kind'],
  name: string,
): JsonObject | undefined {
  if (kind === 'lifecycle_policy') {
    const policy = memberOf(memberOf(answer, name), 'policy');
    return policy === undefined ? undefined : { policy };
  }
  const [first] = listOf(answer, kind === 'component_template' ? 'component_templates' : 'index_templates');
  const found = memberOf(first, kind);
  if (kind === 'index_template' || found === undefined) return found;
  const { template = {}, _meta = {} } = found;
  return { template, _meta };
}

/** How many phases a lifecycle policy has: one more than is wished for deletes what is to be kept. */
function phasesOf(body: JsonObject | undefined): number {
  return Object.keys(memberOf(memberOf(body, 'policy'), 'phases') ?? {}).length;
}

/** The mapping of the index that is written to: the newest of a stream's. */
function newestMapping(answer: JsonObject): JsonObject {
  const newest = Object.keys(answer).sort().at(-1) ?? '';
  return memberOf(memberOf(answer, newest), 'mappings') ?? {};
}

function lifecycleIn(answer: JsonObject | undefined): JsonObject {
  const [stream] = listOf(answer, 'data_streams');
  const { enabled = false, data_retention: retention } = memberOf(stream, 'lifecycle') ?? {};
  return { enabled, ...(retention !== undefined && { data_retention: retention }) };
}

function memberOf(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const member = object?.[name];
  return isJsonObject(member) ? member : undefined;
}

function listOf(object: JsonObject | undefined, name: string): JsonObject[] {
  const list = object?.[name];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
