import { emptyObject, isJsonObject, type JsonObject, type RecordDraft } from '@spanledger/record';
import type { PolicyRule } from './audit-policy.ts';
import { nameTest, type TextTest } from './pattern.ts';

/** Leaves of a draft what a level keeps. */
export type LevelCut = (draft: RecordDraft) => void;

/**
 * Makes the cut of a rule; undefined where it keeps everything. A span at level `none` that has to be recorded all the
 * same is cut to `metadata`.
 */
export function levelCut({
  level,
  attributes,
}: Pick<PolicyRule, 'level' | 'attributes'>): LevelCut | undefined {
  if (level === 'full') return undefined;
  const keeps = attributes.length > 0 ? nameTest(attributes) : undefined;
  const cut = level === 'request' ? (content: JsonObject) => keepRequest(content, keeps) : keepMetadata;
  return ({ groups }) => {
    if (groups.content !== undefined) groups.content = cut(groups.content);
  };
}

// Members stand in canonical order, which the writer finds without sorting.

/** Of the group `content`, name and path; who, where from, when, and what stands in the clear stay whole. */
function keepMetadata({ span, url }: JsonObject): JsonObject {
  const kept: JsonObject = {};
  const name = isJsonObject(span) ? span['name'] : undefined;
  const path = isJsonObject(url) ? url['path'] : undefined;
  if (name !== undefined) kept['span'] = { name };
  if (path !== undefined) kept['url'] = { path };
  return kept;
}

/** What {@link keepMetadata} keeps, the query, messages, and the attributes that the rule names. */
function keepRequest(content: JsonObject, keeps: TextTest | undefined): JsonObject {
  const { attributes, error, oidc, span, url } = content;
  const kept: JsonObject = {};
  const selected = keeps === undefined || !isJsonObject(attributes) ? undefined : select(attributes, keeps);
  if (selected !== undefined) kept['attributes'] = selected;
  const message = isJsonObject(error) ? error['message'] : undefined;
  if (message !== undefined) kept['error'] = { message };
  const description = isJsonObject(oidc) ? oidc['error_description'] : undefined;
  if (description !== undefined) kept['oidc'] = { error_description: description };
  const name = isJsonObject(span) ? span['name'] : undefined;
  if (name !== undefined) kept['span'] = { name };
  if (isJsonObject(url)) kept['url'] = keepUrl(url);
  return kept;
}

function keepUrl({ full, path, query }: JsonObject): JsonObject {
  const kept: JsonObject = {};
  if (full !== undefined) kept['full'] = full;
  if (path !== undefined) kept['path'] = path;
  if (query !== undefined) kept['query'] = query;
  return kept;
}

/** The attributes whose names fit; undefined where none does. */
function select(attributes: JsonObject, keeps: TextTest): JsonObject | undefined {
  let selected: JsonObject | undefined;
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value === undefined || !keeps(name)) continue;
    // Names come from outside: one may be `__proto__`.
    selected ??= emptyObject();
    selected[name] = value;
  }
  return selected;
}
