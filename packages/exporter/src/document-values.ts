import type { JsonObject } from '@spanledger/record';

import { valuesAt } from './search/query/leaves.ts';

/** The first text at a field of a document; undefined where there is none. */
export function textAt(document: JsonObject | undefined, field: string): string | undefined {
  if (document === undefined) return undefined;
  return valuesAt(document, field).find((value) => typeof value === 'string');
}

/** All texts at a field of a document. */
export function textsAt(document: JsonObject, field: string): string[] {
  return valuesAt(document, field).filter((value) => typeof value === 'string');
}

/** Whom a document names: a user by whichever name it has. */
export function userAt(document: JsonObject | undefined): string | undefined {
  return (
    textAt(document, 'user.id') ?? textAt(document, 'enduser.id') ?? textAt(document, 'enduser.pseudo.id')
  );
}
