import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { blindKey } from '../../../../packages/exporter/src/privacy/named-party.ts';
import { THE_SERVICE } from '../../../../packages/exporter/src/own-record.ts';
import { References } from '../../../../packages/exporter/src/privacy/references.ts';

const key = createSecretKey(randomBytes(32));
const alice = { issuer: 'https://id.example', id: 'alice', type: 'user' } as const;

/** A vault that knows what a test tells it. */
function fakeVault() {
  const known = new Map<string, string>();
  const erased = new Set<string>();
  return {
    known,
    erased,
    reference: (blind: Uint8Array) => known.get(Buffer.from(blind).toString('hex')),
    isErased: (reference: string) => erased.has(reference),
  };
}

test('the same name has the same reference, of 128 random bits; another name another', () => {
  const references = new References(key, fakeVault());
  const reference = references.ofSubject(alice);
  expect(reference).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(references.ofSubject({ ...alice, type: 'service' })).toBe(reference);
  const others = [
    references.ofSubject({ ...alice, id: 'bob' }),
    references.ofSubject({ ...alice, issuer: 'https://other.example' }),
    references.ofSession(alice),
    new References(key, fakeVault()).ofSubject(alice),
  ];
  expect(new Set([reference, ...others]).size).toBe(5);
});

test('the service itself has one reference in a log, and who is not known another, whatever was lost', () => {
  const nobody = { issuer: '', id: '', type: 'system' } as const;
  const references = new References(key, fakeVault());
  const [service, unknown] = [references.ofSubject(THE_SERVICE), references.ofSubject(nobody)];
  expect(service).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(unknown).not.toBe(service);
  // A record of the service names nobody: what is found of it in the journal is not who else names nobody.
  const vault = fakeVault();
  const again = new References(key, vault);
  again.remember({ kind: 'actor', issuer: '', id: '' }, service);
  expect([again.ofSubject(THE_SERVICE), again.ofSubject(nobody)]).toEqual([service, unknown]);
  const otherLog = new References(createSecretKey(randomBytes(32)), fakeVault());
  expect(otherLog.ofSubject(THE_SERVICE)).not.toBe(service);
  // Of an application nobody can tell.
  const shop = { issuer: '', id: 'shop', type: 'system' } as const;
  expect(again.ofSubject(shop)).not.toBe(references.ofSubject(shop));
  vault.erased.add(service);
  again.retire([service]);
  expect(again.ofSubject(THE_SERVICE)).not.toBe(service);
});

test('names cannot be shifted between issuer and id', () => {
  const references = new References(key, fakeVault());
  expect(references.ofSubject({ issuer: 'a', id: 'b\0c', type: 'user' })).not.toBe(
    references.ofSubject({ issuer: 'a\0b', id: 'c', type: 'user' }),
  );
});

test('found in the journal, then in the vault, however full the cache', () => {
  const vault = fakeVault();
  const references = new References(key, vault);
  const party = { kind: 'actor', issuer: alice.issuer, id: alice.id } as const;
  references.remember(party, 'from the journal');
  references.remember(party, 'a later one');
  expect(references.ofSubject(alice)).toBe('from the journal');
  vault.known.set(blindKey(key, party).toString('hex'), 'from the journal');
  references.forgetSaved([blindKey(key, party)]);
  for (let i = 0; i < 140_000; i++) references.ofSubject({ ...alice, id: `other ${i}` });
  expect(references.ofSubject(alice)).toBe('from the journal');
});
