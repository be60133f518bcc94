import { isJsonObject, type JsonObject } from '@spanledger/record';

/** What a good day does not have: records lost, a key changed, a session used after its end, something cut. */
export function rareRecords(demo: readonly JsonObject[]): JsonObject[] {
  const call = demo.find(
    ({ span, oidc, user }) =>
      Object(span).kind === 'server' && Object(Object(oidc).session).state === 'active' && user !== undefined,
  );
  if (call === undefined) throw new Error('the demo has no call under a session');
  const lost = { action: 'DROP', lost: { count: 12, first: 30, last: 41 } };
  const key = {
    from: 100,
    number: 2,
    replaces: 'shop+1+a',
    state: 'active',
    statement: 'signed',
    vkey: 'shop+2+b',
  };
  const ended = { oidc: { session: { state: 'logged_out' } } };
  return [
    overlay(call, {
      audit: lost,
      event: { action: 'audit.records.lost', outcome: 'failure', reason: 'spool_full' },
    }),
    overlay(call, { audit: { key }, event: { action: 'ledger.key.added' } }),
    overlay(call, ended),
    overlay(call, ended),
    overlay(call, { audit: { truncated: ['url.path'] } }),
  ];
}

function overlay(object: JsonObject, changes: JsonObject): JsonObject {
  const copy: JsonObject = { ...object };
  for (const [name, value] of Object.entries(changes)) {
    const present = copy[name];
    copy[name] = isJsonObject(present) && isJsonObject(value) ? overlay(present, value) : value;
  }
  return copy;
}
