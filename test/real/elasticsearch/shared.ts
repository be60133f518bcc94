import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { askDoor, openDoor } from '../door.ts';
import { startElasticsearch } from './node.ts';

/** An Elasticsearch that already runs, without security, to be used instead of one of ours. */
const RUNNING_VARIABLE = 'SPANLEDGER_TEST_ELASTICSEARCH';

/** One with security: what `start.ts --security` printed. */
const RUNNING_SECURED_VARIABLE = 'SPANLEDGER_TEST_SECURED_ELASTICSEARCH';

declare module 'vitest' {
  export interface ProvidedContext {
    elasticsearchDoor: string;
    securedElasticsearchDoor: string;
  }
}

/** A node with TLS and users. */
export interface SecuredElasticsearch {
  url: string;
  caFile: string;
  /** Of the user `admin`. */
  password: string;
}

/** Vitest's global set-up: a node without security and one with it for all suites of a run, each started by the first that wants it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const door = await openDoor(async () => {
    const node = await startElasticsearch();
    return { address: node.url, close: () => node.close() };
  });
  const secured = await openDoor(async () => {
    const node = await startElasticsearch({ security: true, heap: '512m' });
    const { url, caFile = '', password = '' } = node;
    const address: SecuredElasticsearch = { url, caFile, password };
    return { address: JSON.stringify(address), close: () => node.close() };
  });
  project.provide('elasticsearchDoor', door.url);
  project.provide('securedElasticsearchDoor', secured.url);
  return async () => {
    await Promise.all([door.close(), secured.close()]);
  };
}

/** The Elasticsearch with TLS and users that the suites of a run share; each keeps to a namespace of its own. */
export async function securedElasticsearch(): Promise<SecuredElasticsearch> {
  const running = process.env[RUNNING_SECURED_VARIABLE] ?? '';
  return JSON.parse(running === '' ? await askDoor(inject('securedElasticsearchDoor')) : running);
}

/**
 * The URL of the Elasticsearch, without security, that the suites of a run share; the first call waits for its start.
 * Each suite keeps to a random namespace of its own.
 */
export async function sharedElasticsearch(): Promise<string> {
  const running = process.env[RUNNING_VARIABLE] ?? '';
  return running === '' ? await askDoor(inject('elasticsearchDoor')) : running;
}
