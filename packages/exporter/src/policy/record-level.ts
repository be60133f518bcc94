import { isJsonObject, type JsonObject, type RecordDraft } from '@spanledger/record';
import type { PolicyRule } from './audit-policy.ts';
import { nameTest, type TextTest } from './pattern.ts';

/** What level `metadata` keeps of the group `content`; who, where from, when, and what stands in the clear stay whole. */
const METADATA_PATHS: readonly (readonly [string, string])[] = [
  ['span', 'name'],
  ['url', 'path'],
];

/** What level `request` keeps beside it, and the attributes that the rule names. */
const REQUEST_PATHS: readonly (readonly [string, string])[] = [
  ...METADATA_PATHS,
  ['error', 'message'],
  ['oidc', 'error_description'],
  ['url', 'full'],
  ['url', 'query'],
];

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
  const paths = level === 'request' ? REQUEST_PATHS : METADATA_PATHS;
  const keeps = level === 'request' && attributes.length > 0 ? nameTest(attributes) : undefined;
  return (draft) => {
    const { content } = draft.groups;
    if (content !== undefined) draft.groups.content = cutContent(content, paths, keeps);
  };
}

function cutContent(
  content: JsonObject,
  paths: readonly (readonly [string, string])[],
  keeps: TextTest | undefined,
): JsonObject {
  const kept: JsonObject = {};
  for (const [outer, inner] of paths) {
    const value = content[outer];
    const leaf = isJsonObject(value) ? value[inner] : undefined;
    if (leaf === undefined) continue;
    const place = kept[outer];
    if (isJsonObject(place)) place[inner] = leaf;
    else kept[outer] = { [inner]: leaf };
  }
  const { attributes } = content;
  if (keeps !== undefined && isJsonObject(attributes)) {
    const selected = Object.entries(attributes).filter(([name]) => keeps(name));
    if (selected.length > 0) kept['attributes'] = Object.fromEntries(selected);
  }
  return kept;
}
