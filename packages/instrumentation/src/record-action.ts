import { ATTR_AUDIT_ACTION, EVENT_AUDIT_ACTION } from '@spanledger/record';
import { installedRuntime } from './global-runtime.ts';
import { guarded } from './warning.ts';

/** What an application may say about an action; `undefined` values are left out. */
export interface ActionAttributes {
  /** What kind of thing it was done to: a name, such as `order`. In the clear. */
  readonly 'audit.target.type'?: string;
  /** How it ended; without it, a success. */
  readonly 'audit.outcome'?: 'success' | 'failure' | 'unknown';
  /** Anything else. It is sealed: only a commitment to it enters the ledger. */
  readonly [attribute: string]:
    string | number | boolean | readonly (string | number | boolean)[] | undefined;
}

/** Longer names are cut. */
const MAX_NAME_CHARS = 128;

/** An action has at most so many attributes; the rest is left out. */
export const MAX_ACTION_ATTRIBUTES = 128;

/**
 * Records a business action that no library can see: a refund granted, a file exported, a role given. It becomes a
 * record of its own, of the session that the request is bound to.
 *
 * @example
 *   import { recordAction } from '@spanledger/instrumentation-oidc';
 *
 *   recordAction('order.refunded', { 'audit.target.type': 'order', 'order.id': order.id, amount: 12.5 });
 *
 * @param name - What was done: letters, digits, `_`, `.`, `:`, `-`, at most 128. In the clear, so no data.
 * @param attributes - About what, and how it ended.
 * @returns Whether it was recorded. False without `register`. Never throws.
 */
export function recordAction(name: string, attributes: ActionAttributes = {}): boolean {
  return (
    guarded('RECORD_ACTION', () => {
      const lifecycle = installedRuntime()?.events.lifecycle;
      if (lifecycle === undefined || typeof name !== 'string' || name === '') return false;
      const said = Object.entries(attributes)
        .filter(([, value]) => value !== undefined)
        .slice(0, MAX_ACTION_ATTRIBUTES);
      const site = lifecycle.callSite();
      lifecycle.record(site, EVENT_AUDIT_ACTION, {
        ...Object.fromEntries(said),
        [ATTR_AUDIT_ACTION]: name.slice(0, MAX_NAME_CHARS),
      });
      return true;
    }) ?? false
  );
}
