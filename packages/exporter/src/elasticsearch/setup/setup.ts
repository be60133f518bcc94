import type { Client } from '@elastic/elasticsearch';
import { type Capabilities, readCapabilities } from '../capabilities.ts';
import { type ElasticsearchAccess, openElasticsearch } from '../connection.ts';
import { describeFailure } from '../failure.ts';
import { type PlanWishes, readPlan, type SetupChange, type SetupPlan } from './plan.ts';
import type { SetupRole } from './roles.ts';

/** An API key that was just made; nobody can ask for it again. */
export interface CreatedKey {
  role: SetupRole;
  name: string;
  id: string;
  /** What goes into `elasticsearch.api_key_file`. */
  encoded: string;
  /** RFC 3339; absent if it does not expire. */
  expires?: string;
}

/** Prepares an Elasticsearch for our records. Looks first, and changes nothing before {@link apply}. */
export class ElasticsearchSetup implements AsyncDisposable {
  readonly capabilities: Capabilities;
  /** What there is to do. */
  readonly plan: SetupPlan;
  readonly #client: Client;
  readonly #url: string;

  private constructor(client: Client, url: string, capabilities: Capabilities, plan: SetupPlan) {
    this.#client = client;
    this.#url = url;
    this.capabilities = capabilities;
    this.plan = plan;
  }

  /**
   * Looks at a server and compares it with what is wished for.
   *
   * @throws ExporterError `elasticsearch_…`
   */
  static async open(access: ElasticsearchAccess, wishes: PlanWishes): Promise<ElasticsearchSetup> {
    const client = await openElasticsearch(access);
    try {
      const capabilities = await readCapabilities(client, access.url);
      const plan = await readPlan(client, wishes, capabilities);
      return new ElasticsearchSetup(client, access.url, capabilities, plan);
    } catch (error) {
      await client.close();
      throw describeFailure(error, access.url, true);
    }
  }

  /**
   * Does what the plan says, in its order; what was done before a failure stays, and the next set-up goes on from there.
   *
   * @param onDone - told of each change that was made, and of the API key that it made
   * @throws ExporterError `elasticsearch_…`
   */
  async apply(onDone: (change: SetupChange, key?: CreatedKey) => void = () => undefined): Promise<void> {
    for (const change of this.plan.changes) {
      const answer = await this.#client.transport.request(change.request).catch((error: unknown) => {
        throw describeFailure(error, this.#url, true);
      });
      onDone(change, change.role && readKey(answer, change.role));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

function readKey(answer: unknown, { role, name }: { role: SetupRole; name: string }): CreatedKey | undefined {
  if (typeof answer !== 'object' || answer === null || !('id' in answer) || !('encoded' in answer))
    return undefined;
  const expires =
    'expiration' in answer && typeof answer.expiration === 'number' ? answer.expiration : undefined;
  return {
    role,
    name,
    id: String(answer.id),
    encoded: String(answer.encoded),
    ...(expires !== undefined && { expires: new Date(expires).toISOString() }),
  };
}
