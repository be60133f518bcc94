import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

import type { Archive } from './archive-types.ts';
import { ExporterError } from './errors.ts';
import type { SubjectName } from './privacy-desk-types.ts';

/** Subjects of one name that are told apart before it is given up. */
const MAX_SUBJECTS = 16;

const REFERENCE = /^[A-Za-z0-9_-]{22}$/;

/** Fields that may name who acted; see the mapping of spans. */
const NAME_FIELDS = ['user.id', 'enduser.id', 'enduser.pseudo.id'];

/**
 * Finds the reference of a subject by its name, in the records that name it.
 *
 * @returns `audit.actor.id`
 * @throws ExporterError `not_found`; `request_malformed` where several issuers have a subject of that name
 */
export async function findSubject(
  archive: Pick<Archive, 'search'>,
  { id, issuer }: SubjectName,
): Promise<string> {
  if (id === '') throw new ExporterError('request_malformed', 'the subject has no name');
  if (REFERENCE.test(id) && issuer === undefined && (await isReference(archive, id))) return id;
  const found = new Map<string, string>();
  const quoted = JSON.stringify(id);
  const named = NAME_FIELDS.map((field) => `${field}:${quoted}`).join(' or ');
  const ofIssuer = issuer === undefined ? '' : ` and oidc.issuer:${JSON.stringify(issuer)}`;
  for (;;) {
    const others = [...found.keys()].map((reference) => ` and not audit.actor.id:"${reference}"`).join('');
    const document = await first(archive, `(${named})${ofIssuer} and not audit.actor.type:system${others}`);
    const reference = textAt(document, ['audit', 'actor', 'id']);
    if (document === undefined || reference === undefined) break;
    found.set(reference, textAt(document, ['oidc', 'issuer']) ?? '');
    if (found.size >= MAX_SUBJECTS) break;
  }
  const [only] = found.keys();
  if (only === undefined) {
    throw new ExporterError('not_found', 'there is no record of such a subject', {
      hint: 'Name it as user.id shows it, with --issuer where it is known; a new record can be asked for a second after it came.',
    });
  }
  if (found.size === 1) return only;
  throw new ExporterError('request_malformed', `${found.size} subjects have that name`, {
    hint: `Say which: ${[...found].map(([reference, iss]) => `--issuer ${iss} (${reference})`).join(', ')}; or name it by its reference.`,
  });
}

async function isReference(archive: Pick<Archive, 'search'>, id: string): Promise<boolean> {
  return (await first(archive, `audit.actor.id:"${id}"`)) !== undefined;
}

/** The first record that matches, however many are looked at. */
export async function first(
  archive: Pick<Archive, 'search'>,
  query: string,
): Promise<JsonObject | undefined> {
  let cursor: string | undefined;
  do {
    const page = await archive.search({ query, limit: 1, ...(cursor !== undefined && { cursor }) });
    if (page.records[0] !== undefined) return page.records[0];
    cursor = page.next;
  } while (cursor !== undefined);
  return undefined;
}

/** A text in a document; undefined where there is none. */
export function textAt(document: JsonValue | undefined, path: readonly string[]): string | undefined {
  const value = path.reduce<JsonValue | undefined>(
    (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    document,
  );
  return typeof value === 'string' ? value : undefined;
}
