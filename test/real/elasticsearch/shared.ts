import { createServer } from 'node:http';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { type ElasticsearchNode, startElasticsearch } from './node.ts';

/** An Elasticsearch that already runs, without security, to be used instead of one of ours. */
const RUNNING_VARIABLE = 'SPANLEDGER_TEST_ELASTICSEARCH';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the URL of the run's Elasticsearch, which it starts when it is first asked. */
    elasticsearchDoor: string;
  }
}

/** Vitest's global set-up: one node without security for all suites of a run, started by the first that wants it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let node: Promise<ElasticsearchNode> | undefined;
  const door = createServer((_request, response) => {
    node ??= startElasticsearch();
    node.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const address = door.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  project.provide('elasticsearchDoor', `http://127.0.0.1:${port}`);
  return async () => {
    door.closeAllConnections();
    door.close();
    await (await node?.catch(() => undefined))?.close();
  };
}

/**
 * The URL of the Elasticsearch, without security, that the suites of a run share; the first call waits for its start.
 * Each suite keeps to a random namespace of its own.
 */
export async function sharedElasticsearch(): Promise<string> {
  const running = process.env[RUNNING_VARIABLE];
  if (running !== undefined && running !== '') return running;
  const answer = await fetch(inject('elasticsearchDoor'));
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
