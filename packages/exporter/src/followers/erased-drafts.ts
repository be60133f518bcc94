import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

import type { DerivedDraft } from '../derived-draft.ts';
import { evaluate, type Query } from '../search/query/index.ts';
import { splitWords } from '../search/query/words.ts';
import type { SubjectNames } from './subject-names.ts';

/**
 * Tells which records on their way into the ledger say something of a subject that is erased: those of the subject, and
 * those in which others, or nobody, name it or an address that is its alone.
 *
 * @param references - `audit.actor.id` and `audit.session.id`s that stand for nobody any more
 */
export function draftsAbout(
  references: readonly string[],
  { names, addresses }: SubjectNames,
): (derived: DerivedDraft) => boolean {
  const gone = new Set(references);
  // There may be thousands of names, of which a draft has the first word of hardly any.
  const texts = Map.groupBy(
    [...names, ...addresses].map(splitWords).filter((words) => words.length > 0),
    ([first]) => first,
  );
  return ({ draft, actorRef, sessionRef }) => {
    if ([actorRef, sessionRef].some((one) => one !== undefined && gone.has(one))) return true;
    return Object.values(draft.groups).some((value: JsonObject) => {
      const said = new Set(textsOf(value).flatMap(splitWords));
      const queries = [...said].flatMap((word) =>
        (texts.get(word) ?? []).map((words): Query => ({ type: 'text', words, prefix: false })),
      );
      return queries.some((query) => evaluate(query, value));
    });
  };
}

function textsOf(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isJsonObject(value) ? Object.values(value).flatMap(textsOf) : [];
}
