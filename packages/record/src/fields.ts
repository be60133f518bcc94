import { ATTR_OIDC_CLAIMS_PREFIX, ATTR_SESSION_ID } from './attributes.ts';
import type { CommitmentGroup } from './audit-record.ts';
import {
  CLEAR_ATTRIBUTES,
  CLEAR_MEMBERS,
  COMMITTED_ATTRIBUTES,
  COMMITTED_NAMESPACES,
  RESERVED_ATTRIBUTES,
} from './field-table.ts';
import type { FieldShape } from './field-table.ts';
import { MAX_KEY_LENGTH } from './limits.ts';
import { cutKey } from './mapping/values.ts';

/** In the clear, or in which committed group. */
export type FieldGroup = 'clear' | CommitmentGroup;

/** Where an attribute stands in the record or in the opened document. */
export interface FieldPlace {
  group: FieldGroup;
  /** The members that lead to it. */
  path: readonly string[];
  /** True where the last of them is not the whole of what it stands for. */
  isCut: boolean;
  shape: FieldShape;
  /** How `audit.truncated` names it: never by a name that came from outside. */
  label: string;
  /** True where no span attribute may write, only the mapping itself. */
  reserved: boolean;
  /** False for attributes of an open namespace, of which a record takes only so many. */
  named: boolean;
}

/** Where an attribute that has no place of its own stands: one flat object, so that `a` and `a.b` both fit. */
export const OTHER_ATTRIBUTES = 'attributes';

/** A flat object as well: claim names are the provider's, and may hold dots. */
const CLAIMS_PATH = ['oidc', 'claims'];

/** Deepest nesting that an attribute's dots may ask for. */
const MAX_PATH_LENGTH = 6;

/** Where stands who acted, and in which session: what the vault finds a reference's name by. */
const PARTY_PATHS: readonly (readonly string[])[] = [
  ['user', 'id'],
  ['enduser', 'id'],
  ['enduser', 'pseudo', 'id'],
  ['session', 'id'],
];

/** A place in the tree of all known paths. */
export interface PathNode {
  /** The group of everything here and below, unless a child says otherwise. */
  group: FieldGroup;
  children: ReadonlyMap<string, PathNode>;
}

interface MutablePathNode extends PathNode {
  children: Map<string, MutablePathNode>;
}

const PLACES = new Map<string, FieldPlace>();
const TREE: MutablePathNode = { group: 'content', children: new Map() };

for (const root of CLEAR_MEMBERS) claimPath(root.split('.'), 'clear');
for (const [name, group] of COMMITTED_NAMESPACES) claimPath(name.split('.'), group);
claimPath(CLAIMS_PATH, 'identity');
claimPath([OTHER_ATTRIBUTES], 'content');
claimPath(['span', 'name'], 'content');
claimPath(['span', 'events'], 'content');
for (const [name, shape, at] of CLEAR_ATTRIBUTES) register(name, 'clear', shape, at ?? name, false);
for (const [name, shape, at] of RESERVED_ATTRIBUTES) register(name, 'clear', shape, at ?? name, true);
for (const [name, group, shape, at] of COMMITTED_ATTRIBUTES) register(name, group, shape, at ?? name, false);

/** The tree of known paths; what is not in it belongs to the group `content`. */
export const pathTree: PathNode = TREE;

/**
 * Whether an attribute stands in the clear, or which group commits to it. Clear is an allow-list: a name that is
 * not known is `content`.
 *
 * @param key - The attribute's name, e.g. `http.route`.
 */
export function groupOfAttribute(key: string): FieldGroup {
  return placeOfAttribute(key).group;
}

/**
 * The same question about a path in the opened document, answered by the same list.
 *
 * @param path - Member names from the outermost object, e.g. `['user', 'id']`.
 */
export function groupOfPath(path: readonly string[]): FieldGroup {
  let node: PathNode = TREE;
  for (const name of path) {
    const child = node.children.get(name);
    if (child === undefined) break;
    node = child;
  }
  return node.group;
}

/** A field that this package names: where it stands, who commits to it, and what its value looks like. */
export interface KnownField {
  /** Member names with dots between them. */
  path: string;
  group: FieldGroup;
  shape: FieldShape;
}

/**
 * Every field that an attribute has a place of its own at, each once. Beside these there are what the mapping and the
 * ledger write (`event`, `audit` …), and any name in the namespaces that are open.
 */
export function knownFields(): KnownField[] {
  const fields = new Map<string, KnownField>();
  for (const { path, group, shape } of [
    ...PLACES.values(),
    UNBOUND_SESSION,
    SPAN_NAME,
    SPAN_EVENTS,
    ERROR_MESSAGE,
  ]) {
    const name = path.join('.');
    fields.set(name, { path: name, group, shape });
  }
  return [...fields.values()];
}

const UNBOUND_SESSION: FieldPlace = {
  ...openPlace('identity', ['session'], 'id', ATTR_SESSION_ID),
  shape: 'text',
  named: true,
};

/**
 * As much of a path as this file names: the rest comes from outside, and may not stand in the clear.
 *
 * @param path - Member names from the outermost object of a group or record.
 */
export function knownPath(path: readonly string[]): readonly string[] {
  let node: PathNode | undefined = TREE;
  let length = 0;
  for (const name of path) {
    node = node.children.get(name);
    if (node === undefined) break;
    length++;
  }
  return path.slice(0, length);
}

/** The span's name: free text. */
export const SPAN_NAME: FieldPlace = fixedPlace('span.name', 'text');
/** Span events that become no record of their own. */
export const SPAN_EVENTS: FieldPlace = fixedPlace('span.events', 'any');
/** The span's status message. */
export const ERROR_MESSAGE: FieldPlace = fixedPlace('error.message', 'text');

/** How many places of attributes that are in no table are kept; names come from outside. */
const MAX_CACHED_PLACES = 4_096;
const cachedPlaces = new Map<string, FieldPlace>();

/** Where an attribute goes. */
export function placeOfAttribute(key: string): FieldPlace {
  const known = PLACES.get(key) ?? cachedPlaces.get(key);
  if (known !== undefined) return known;
  const place = placeInNamespace(key) ?? otherAttribute(key);
  if (cachedPlaces.size < MAX_CACHED_PLACES && key.length <= MAX_KEY_LENGTH) cachedPlaces.set(key, place);
  return place;
}

/** Where `session.id` goes on a span without an issuer: a session that nobody verified. */
export function placeOfUnboundSession(): FieldPlace {
  return UNBOUND_SESSION;
}

/** The place of an attribute that has none of its own, or whose own place is taken. */
export function otherAttribute(key: string): FieldPlace {
  return openPlace('content', [OTHER_ATTRIBUTES], key, OTHER_ATTRIBUTES);
}

function placeInNamespace(key: string): FieldPlace | undefined {
  if (key.length > MAX_KEY_LENGTH) return undefined;
  if (key.startsWith(ATTR_OIDC_CLAIMS_PREFIX) && key.length > ATTR_OIDC_CLAIMS_PREFIX.length) {
    const claim = key.slice(ATTR_OIDC_CLAIMS_PREFIX.length);
    return openPlace('identity', CLAIMS_PATH, claim, CLAIMS_PATH.join('.'));
  }
  for (const [name, group] of COMMITTED_NAMESPACES) {
    if (!key.startsWith(`${name}.`)) continue;
    const path = key.split('.');
    if (path.length > MAX_PATH_LENGTH || path.includes('')) return undefined;
    // Below a leaf of another group (`url.scheme.x`) there is no place for it, nor beside or below what names a party.
    return groupOfPath(path) === group && !isInTheWay(path)
      ? openPlace(group, path.slice(0, -1), path.at(-1) ?? '', name)
      : undefined;
  }
  return undefined;
}

/** Whether a value here would keep one of the fields that name who acted, or in which session, from its place. */
function isInTheWay(path: readonly string[]): boolean {
  return PARTY_PATHS.some((party) => {
    const common = Math.min(party.length, path.length);
    return party.length !== path.length && party.slice(0, common).every((name, i) => name === path[i]);
  });
}

function fixedPlace(at: string, shape: FieldShape): FieldPlace {
  return {
    group: 'content',
    path: at.split('.'),
    isCut: false,
    shape,
    label: at,
    reserved: false,
    named: true,
  };
}

function openPlace(group: FieldGroup, parents: readonly string[], key: string, label: string): FieldPlace {
  let isCut = false;
  const name = cutKey(key, () => {
    isCut = true;
  });
  return { group, path: [...parents, name], isCut, shape: 'any', label, reserved: false, named: false };
}

function register(name: string, group: FieldGroup, shape: FieldShape, at: string, reserved: boolean): void {
  const path = at.split('.');
  claimPath(path, group);
  PLACES.set(name, { group, path, isCut: false, shape, label: at, reserved, named: true });
}

function claimPath(path: readonly string[], group: FieldGroup): void {
  let node = TREE;
  for (const name of path) {
    let child = node.children.get(name);
    if (child === undefined) {
      child = { group: node.group, children: new Map() };
      node.children.set(name, child);
    }
    node = child;
  }
  node.group = group;
}
