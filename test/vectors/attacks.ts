import type { JsonObject, JsonValue } from '@spanledger/record';
import type { Evidence } from './vector.ts';

/** What an attacker has: evidence of two neighbouring entries, and a key of their own under the log's name. */
export interface AttackMaterial {
  mine: Evidence;
  other: Evidence;
  /** A checkpoint of the attacker's choice, signed with the attacker's key. */
  forge(size: number, root: Uint8Array): string;
  /** The verification key of the attacker's. */
  forgerKey: string;
}

/** An attack: what it is, and what is shown to the verifier afterwards. */
export interface Attack {
  about: string;
  apply(material: AttackMaterial): Partial<Evidence>;
}

/** A copy in which the member at a dotted path is another; undefined takes it away. */
export function withMember(value: JsonObject, path: string, replacement: JsonValue | undefined): JsonObject {
  const [name = '', ...rest] = path.split('.');
  const { [name]: inner, ...others } = value;
  if (rest.length === 0) return replacement === undefined ? others : { ...others, [name]: replacement };
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  return { ...others, [name]: withMember(below, rest.join('.'), replacement) };
}

/** The member at a dotted path; null where there is none. */
export function memberAt(value: JsonValue, path: string): JsonValue {
  return path
    .split('.')
    .reduce<JsonValue>(
      (at, name) => (typeof at === 'object' && at !== null && !Array.isArray(at) ? (at[name] ?? null) : null),
      value,
    );
}

/** What a document looks like once its identity group is erased. */
export function withoutIdentity(document: JsonObject): JsonObject {
  return ['user', 'oidc.session', 'audit.openings.identity'].reduce(
    (rest, path) => withMember(rest, path, undefined),
    document,
  );
}

function setting(about: string, path: string, replacement: JsonValue): Attack {
  return { about, apply: ({ mine }) => ({ document: withMember(mine.document, path, replacement) }) };
}

function rewritingProof(
  about: string,
  rewrite: (lines: string[], material: AttackMaterial) => string[],
): Attack {
  return {
    about,
    apply: (material) => ({ proof: rewrite(material.mine.proof.split('\n'), material).join('\n') }),
  };
}

/** The lines of a proof: format, index, hashes, an empty one, and the checkpoint's origin, size and root. */
function checkpointLine(lines: string[]): number {
  return lines.indexOf('') + 1;
}

/** By the name of the file in `invalid/`. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'clear-field': setting('Another status code.', 'http.response.status_code', 403),
  outcome: setting('A failure instead of a success.', 'event.outcome', 'failure'),
  'opened-user': setting('Another person, with the salt as it was.', 'user.id', 'mallory'),
  'opened-address': setting('Another address.', 'client.address', '198.51.100.1'),
  salt: setting('Another salt.', 'audit.openings.identity.salt', 'AAAAAAAAAAAAAAAAAAAAAA'),
  commitment: setting(
    'Another commitment in the record.',
    'audit.commitments.identity',
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ),
  'added-field': setting('A field that was never recorded.', 'note', 'approved'),
  'added-clear-field': setting('A field in the clear that was never recorded.', 'http.request.body.bytes', 1),
  'stated-hash': setting('Another hash than the record has.', 'audit.integrity.hash', '00'.repeat(32)),
  'stated-size': setting('Another checkpoint than the proof leads to.', 'audit.integrity.checkpoint_size', 6),
  index: setting('Another place in the log.', 'audit.ledger.index', 3),
  previous: setting('Another predecessor.', 'audit.ledger.previous', '00'.repeat(32)),
  origin: setting('Another log.', 'audit.ledger.origin', 'elsewhere.example/log'),
  'missing-field': {
    about: 'A field is taken away.',
    apply: ({ mine }) => ({ document: withMember(mine.document, 'http.route', undefined) }),
  },
  'missing-value': {
    about: 'The person is taken away, and the salt stays: this is not what erasure leaves.',
    apply: ({ mine }) => ({ document: withMember(mine.document, 'user', undefined) }),
  },
  'swapped-identity': {
    about: "Another record's person, with its own salt.",
    apply: ({ mine, other }) => {
      const paths = ['user', 'oidc.session', 'audit.openings.identity'];
      return {
        document: paths.reduce(
          (document, path) => withMember(document, path, memberAt(other.document, path)),
          mine.document,
        ),
      };
    },
  },
  'other-proof': {
    about: 'The proof of the next entry.',
    apply: ({ other }) => ({ proof: other.proof }),
  },
  'other-document': {
    about: 'The next document, with the proof of this one.',
    apply: ({ other }) => ({ document: other.document }),
  },
  'proof-index': rewritingProof('Another index in the proof.', (lines) =>
    lines.map((line, i) => (i === 1 ? 'index 3' : line)),
  ),
  'proof-hash': rewritingProof('Another hash in the proof.', (lines) =>
    lines.map((line, i) => (i === 2 ? Buffer.alloc(32, 1).toString('base64') : line)),
  ),
  'proof-short': rewritingProof('A hash of the proof is missing.', (lines) => lines.toSpliced(2, 1)),
  'proof-long': rewritingProof('The proof has a hash too many.', (lines) =>
    lines.toSpliced(2, 0, lines[2] ?? ''),
  ),
  'proof-garbage': { about: 'No proof at all.', apply: () => ({ proof: 'trust me' }) },
  'checkpoint-root': rewritingProof('Another root in the checkpoint.', (lines) =>
    lines.map((line, i) => (i === checkpointLine(lines) + 2 ? Buffer.alloc(32, 1).toString('base64') : line)),
  ),
  'checkpoint-size': rewritingProof('Another size in the checkpoint.', (lines) =>
    lines.map((line, i) => (i === checkpointLine(lines) + 1 ? '8' : line)),
  ),
  'checkpoint-forged': rewritingProof(
    'The checkpoint as it was, signed by somebody else under the name of the log.',
    (lines, { forge }) => {
      const at = checkpointLine(lines);
      const root = Buffer.from(lines[at + 2] ?? '', 'base64');
      return [...lines.slice(0, at), ...forge(Number(lines[at + 1]), root).split('\n')];
    },
  ),
  'checkpoint-unsigned': rewritingProof('The signature is missing.', (lines) =>
    lines.filter((line) => !line.startsWith('—')),
  ),
  'other-key': {
    about: "Somebody else's key under the name of the log.",
    apply: ({ forgerKey }) => ({ vkey: forgerKey }),
  },
};
