import type { Door } from '../door.ts';

/** What a token or a client certificate is for. */
export const ROLES = ['sender', 'auditor', 'privacy-officer', 'administrator', 'monitor'] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** In a sender's list of services: it may send records of any. */
export const ANY_SERVICE = '*';

/** Who is let in, by a token or by a client certificate. */
export interface Caller {
  /** `token:<id>` or `certificate:<name>`. */
  name: string;
  /** The token's id; absent for a certificate. */
  tokenId?: string;
  role: Role;
  /** Of a sender: the `service.name`s that it may send records of. */
  services: readonly string[];
}

const MAY_USE: Readonly<Record<Exclude<Door, 'open'>, readonly Role[]>> = {
  send: ['sender'],
  read: ['auditor', 'privacy-officer', 'administrator'],
  log: ['auditor', 'privacy-officer', 'administrator'],
  monitor: ['monitor', 'auditor', 'privacy-officer', 'administrator'],
  privacy: ['privacy-officer', 'administrator'],
};

/** The roles that a door opens for. */
export function rolesOf(door: Exclude<Door, 'open'>): readonly Role[] {
  return MAY_USE[door];
}
