import { spanInContext } from '../attach/global-api.ts';
import type { UnsampledRule } from '../attach/unsampled.ts';
import type { SessionScopes } from '../session/scope.ts';
import { slotInContext, SLOT } from '../session/slot.ts';

/** `SpanKind.CLIENT` and `.PRODUCER` of the API: what leaves the process. */
const CLIENT = 2;
const PRODUCER = 3;

/**
 * `SPANLEDGER_RECORD=roots`: of traces that are not sampled, the local roots are recorded and what leaves the process.
 * The placeholders of all others share the slot of their root, so that whatever is called below them still finds the
 * request it belongs to.
 */
export class RootsOnly implements UnsampledRule {
  readonly #scopes: SessionScopes;

  /** @param scopes - A span that starts in a scope is the local root there. */
  constructor(scopes: SessionScopes) {
    this.#scopes = scopes;
  }

  needs(parentContext: unknown, kind: unknown): boolean {
    if (kind === CLIENT || kind === PRODUCER) return true;
    const inherited = slotInContext(spanInContext(parentContext));
    return inherited === undefined || this.#scopes.deciding(inherited) !== undefined;
  }

  replaced(placeholder: object, parentContext: unknown): void {
    const inherited = slotInContext(spanInContext(parentContext));
    if (inherited !== undefined) Reflect.set(placeholder, SLOT, inherited);
  }
}
