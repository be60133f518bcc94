import { randomBytes } from 'node:crypto';
import type { Client } from '@elastic/elasticsearch';
import {
  ElasticsearchSetup,
  openElasticsearch,
  streamNames,
} from '../../../packages/exporter/src/elasticsearch/index.ts';

/** The stream of the audit records in a namespace of a test's own, set up as users set it up. */
export interface AuditStream extends AsyncDisposable {
  readonly client: Client;
  readonly url: string;
  readonly namespace: string;
  readonly stream: string;
  /** Index of the sessions. */
  readonly sessions: string;
}

/** Makes templates and streams; they are taken away with what was put there. */
export async function makeAuditStream(url: string): Promise<AuditStream> {
  const namespace = `t${randomBytes(6).toString('hex')}`;
  const { audit, alerts, sessions } = streamNames(namespace);
  await using setup = await ElasticsearchSetup.open({ url }, { namespace });
  await setup.apply();
  const client = await openElasticsearch({ url });
  return {
    client,
    url,
    namespace,
    stream: audit,
    sessions,
    async [Symbol.asyncDispose]() {
      await client.indices.deleteDataStream({ name: [audit, alerts] }, { ignore: [404] });
      await client.indices.delete({ index: sessions }, { ignore: [404] });
      await client.indices.deleteIndexTemplate({ name: `*spanledger*${namespace}*` }, { ignore: [404] });
      await client.cluster.deleteComponentTemplate({ name: `*${namespace}*` }, { ignore: [404] });
      await client.close();
    },
  };
}
