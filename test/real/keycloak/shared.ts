import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { askDoor, openDoor } from '../door.ts';
import { startKeycloak } from './keycloak.ts';
import { KeycloakAdmin } from './admin.ts';

/** A Keycloak that already runs, `http://admin:<password>@127.0.0.1:<port>`, to be used instead of one of ours. */
const RUNNING_VARIABLE = 'SPANLEDGER_TEST_KEYCLOAK';

declare module 'vitest' {
  export interface ProvidedContext {
    keycloakDoor: string;
  }
}

/** Vitest's global set-up: one Keycloak for all suites of a run, started by the first that wants it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const door = await openDoor(startKeycloak);
  project.provide('keycloakDoor', door.url);
  return door.close;
}

/** The Keycloak that the suites of a run share; the first call waits for its start. Each suite makes its own realm. */
export async function sharedKeycloak(): Promise<KeycloakAdmin> {
  const running = process.env[RUNNING_VARIABLE] ?? '';
  const { origin, password } = new URL(running === '' ? await askDoor(inject('keycloakDoor')) : running);
  return new KeycloakAdmin(origin, password);
}
