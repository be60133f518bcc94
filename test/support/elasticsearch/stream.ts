import { randomBytes } from 'node:crypto';
import { Client } from '@elastic/elasticsearch';

/** A stream of a test's own. */
export interface TestStream extends AsyncDisposable {
  readonly client: Client;
  readonly url: string;
  readonly namespace: string;
  readonly stream: string;
}

/** Makes a template for a stream that nobody else uses; the stream comes with its first document. */
export async function makeTestStream(url: string): Promise<TestStream> {
  const client = new Client({ node: url });
  const namespace = `t${randomBytes(6).toString('hex')}`;
  const stream = `logs-spanledger.audit-${namespace}`;
  await client.indices.putIndexTemplate({
    name: stream,
    index_patterns: [stream],
    data_stream: {},
    priority: 600,
    template: {
      settings: { number_of_shards: 1, number_of_replicas: 0 },
      mappings: {
        dynamic: false,
        properties: {
          '@timestamp': { type: 'date_nanos' },
          audit: {
            properties: {
              ledger: { properties: { index: { type: 'long' }, origin: { type: 'keyword' } } },
              integrity: { properties: { hash: { type: 'keyword' } } },
            },
          },
          client: { properties: { ip: { type: 'ip' } } },
          attributes: { type: 'flattened' },
        },
      },
    },
  });
  return {
    client,
    url,
    namespace,
    stream,
    async [Symbol.asyncDispose]() {
      await client.indices.deleteDataStream({ name: stream }, { ignore: [404] }).catch(() => undefined);
      await client.indices.deleteIndexTemplate({ name: stream }, { ignore: [404] });
      await client.close();
    },
  };
}

/** Every document of a stream: how often each `_id` occurs. */
export async function countIds({ client, stream }: TestStream): Promise<Map<string, number>> {
  await client.indices.refresh({ index: stream });
  const counts = new Map<string, number>();
  for await (const { body } of client.helpers.scrollSearch({ index: stream, size: 5000, _source: false })) {
    for (const { _id: id = '' } of body.hits.hits) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
