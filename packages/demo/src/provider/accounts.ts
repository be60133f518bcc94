import { randomBytes, timingSafeEqual } from 'node:crypto';

/** A person who can log in at the demo's OpenID provider. */
export interface DemoAccount {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly string[];
  /** The scopes of the shop's API that this person may be granted; a request for more is cut down to these. */
  readonly entitlements: readonly string[];
  /** Drawn at random at each start, so that no password stands in this repository. */
  readonly password: string;
}

/** Every account of the provider, by its id (the `sub` of its tokens). */
export type AccountBook = ReadonlyMap<string, DemoAccount>;

const CUSTOMER_SCOPES = ['orders:read', 'orders:write'] as const;

/** @returns the five people of the demo, each with a fresh password */
export function createAccounts(): AccountBook {
  const people: Omit<DemoAccount, 'password'>[] = [
    person('alice', 'Alice Anders', ['customer'], CUSTOMER_SCOPES),
    person('bob', 'Bob Berger', ['customer'], CUSTOMER_SCOPES),
    person('carol', 'Carol Costa', ['customer'], CUSTOMER_SCOPES),
    person('dave', 'Dave Duval', ['customer'], ['orders:read']),
    person('erin', 'Erin Ek', ['customer', 'administrator'], [...CUSTOMER_SCOPES, 'admin:export']),
  ];
  return new Map(people.map((entry) => [entry.id, { ...entry, password: drawPassword() }]));
}

/**
 * @param accounts the accounts to look in
 * @param id what was typed as the user name
 * @param password what was typed as the password
 * @returns the account, or undefined if there is none or the password is wrong
 */
export function authenticate(accounts: AccountBook, id: string, password: string): DemoAccount | undefined {
  const account = accounts.get(id);
  if (account === undefined) return undefined;
  const expected = Buffer.from(account.password);
  const given = Buffer.from(password);
  return expected.length === given.length && timingSafeEqual(expected, given) ? account : undefined;
}

function person(
  id: string,
  name: string,
  roles: readonly string[],
  entitlements: readonly string[],
): Omit<DemoAccount, 'password'> {
  return { id, name, email: `${id}@shop.example`, roles, entitlements };
}

function drawPassword(): string {
  return randomBytes(18).toString('base64url');
}
