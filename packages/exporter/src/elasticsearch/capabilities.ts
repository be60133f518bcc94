import type { Client } from '@elastic/elasticsearch';
import { describeFailure, isAnswer } from './failure.ts';

/** Types of fields that we use where the server has them; `keyword` takes their place. */
const OPTIONAL_TYPES = ['wildcard'] as const;

/** A type of field that a server may lack. */
export type OptionalFieldType = (typeof OPTIONAL_TYPES)[number];

/** What a server can do of what we use where it is there. */
export interface Capabilities {
  /** Of the server, e.g. `9.4.3`. */
  version: string;
  /** Index lifecycle policies. */
  ilm: boolean;
  /** The calls about data streams; without them a stream appears with its first document. */
  dataStreams: boolean;
  /** The calls about the lifecycle of a data stream; without them only the template has it. */
  dataStreamLifecycle: boolean;
  /** Users, roles, API keys. */
  security: boolean;
  fieldTypes: ReadonlySet<OptionalFieldType>;
}

/** Matches nothing that anybody has. */
const NOBODYS = 'spanledger-asks-what-there-is';

/**
 * Asks a server what it supports. Needs the privileges of a set-up; changes nothing.
 *
 * @throws ExporterError where it cannot be asked: see {@link describeFailure}
 */
export async function readCapabilities(client: Client, url: string): Promise<Capabilities> {
  try {
    const { version } = await client.info();
    const fieldTypes = new Set<OptionalFieldType>();
    for (const type of OPTIONAL_TYPES) if (await hasFieldType(client, type)) fieldTypes.add(type);
    return {
      version: version.number,
      ilm: await hasCall(client, `/_ilm/policy/${NOBODYS}`),
      dataStreams: await hasCall(client, `/_data_stream/${NOBODYS}*`),
      dataStreamLifecycle: await hasCall(client, `/_data_stream/${NOBODYS}*/_lifecycle`),
      security: await hasCall(client, '/_security/_authenticate'),
      fieldTypes,
    };
  } catch (error) {
    throw describeFailure(error, url, true);
  }
}

/** What is refused or not found is there; what has no handler, or is switched off, is not. */
async function hasCall(client: Client, path: string): Promise<boolean> {
  const answer = await client.transport.request(
    { method: 'GET', path },
    { meta: true, ignore: [400, 403, 404, 405, 500] },
  );
  return ![400, 405, 500].includes(answer.statusCode ?? 0);
}

async function hasFieldType(client: Client, type: OptionalFieldType): Promise<boolean> {
  const template = { mappings: { properties: { probe: { type } } } };
  try {
    await client.indices.simulateTemplate({ index_patterns: [NOBODYS], template });
    return true;
  } catch (error) {
    if (isAnswer(error) && error.statusCode === 400) return false;
    throw error;
  }
}
