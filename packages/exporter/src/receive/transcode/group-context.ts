import { type OtlpSpanGroup, type ResourceFacts, resourceFacts } from '@spanledger/record';

/** Services and scopes that are told apart. */
const MAX_CONTEXTS = 4_096;

/** What a group of spans has in common, as far as their records say it. */
export interface GroupContext {
  /** Of the service, its resource and the scope; the producer is not part of it. */
  id: number;
  /** The producer's stream id; empty where there is none. */
  streamId: string;
  /** Names of the resource's attributes that each record commits to. */
  committed: readonly string[];
}

/** Gives numbers to services and scopes; a number is never given twice. */
export class GroupContexts {
  #ids: Map<string, number> = new Map();
  #next = 1;

  /** The context of a group; undefined for one whose resource says something out of the ordinary. */
  of({ resource, scope }: Pick<OtlpSpanGroup, 'resource' | 'scope'>): GroupContext | undefined {
    const { service, committed, streamId = '' } = resourceFacts(resource);
    if (!isText(service) || !isText(committed)) return undefined;
    const key = JSON.stringify([service, committed, scope.name, scope.version]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      // Names come from outside: what is full is begun anew, under numbers of its own.
      if (this.#ids.size === MAX_CONTEXTS) this.#ids = new Map();
      id = this.#next++;
      this.#ids.set(key, id);
    }
    return { id, streamId, committed: committed.map(([name]) => name) };
  }
}

function isText(attributes: ResourceFacts['service']): boolean {
  return attributes.every(([, value]) => typeof value === 'string');
}
