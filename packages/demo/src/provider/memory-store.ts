import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** More than any demo makes. */
const MAX_ITEMS = 100_000;

/**
 * Keeps the provider's state in memory for as long as the demo runs. The library's own in-memory adapter greets every
 * start with a warning and forgets after 1,000 items.
 *
 * @returns an adapter factory for `oidc-provider`; all models share one bounded store
 */
export function createMemoryStore(): AdapterFactory {
  const items = new Map<string, AdapterPayload>();
  return (model) => createAdapter(items, model);
}

function createAdapter(items: Map<string, AdapterPayload>, model: string): Adapter {
  const prefix = `${model}:`;
  const findWhere = (test: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const [key, payload] of items) if (key.startsWith(prefix) && test(payload)) return payload;
    return undefined;
  };
  return {
    upsert(id, payload) {
      if (items.size >= MAX_ITEMS)
        return Promise.reject(new Error(`the demo provider holds ${MAX_ITEMS} items`));
      items.set(prefix + id, payload);
      return Promise.resolve();
    },
    find: (id) => Promise.resolve(items.get(prefix + id)),
    findByUid: (uid) => Promise.resolve(findWhere((payload) => payload.uid === uid)),
    findByUserCode: (code) => Promise.resolve(findWhere((payload) => payload.userCode === code)),
    consume(id) {
      const payload = items.get(prefix + id);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000);
      return Promise.resolve();
    },
    destroy(id) {
      items.delete(prefix + id);
      return Promise.resolve();
    },
    revokeByGrantId(grantId) {
      for (const [key, payload] of items) {
        if (key.startsWith(prefix) && payload.grantId === grantId) items.delete(key);
      }
      return Promise.resolve();
    },
  };
}
