import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { askDoor, openDoor } from '../door.ts';
import { startElasticsearch } from './node.ts';

/** An Elasticsearch that already runs, without security, to be used instead of one of ours. */
const RUNNING_VARIABLE = 'SPANLEDGER_TEST_ELASTICSEARCH';

declare module 'vitest' {
  export interface ProvidedContext {
    elasticsearchDoor: string;
  }
}

/** Vitest's global set-up: one node without security for all suites of a run, started by the first that wants it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const door = await openDoor(async () => {
    const node = await startElasticsearch();
    return { address: node.url, close: () => node.close() };
  });
  project.provide('elasticsearchDoor', door.url);
  return door.close;
}

/**
 * The URL of the Elasticsearch, without security, that the suites of a run share; the first call waits for its start.
 * Each suite keeps to a random namespace of its own.
 */
export async function sharedElasticsearch(): Promise<string> {
  const running = process.env[RUNNING_VARIABLE] ?? '';
  return running === '' ? await askDoor(inject('elasticsearchDoor')) : running;
}
