import type { EventContext } from '../events/event-context.ts';
import { nestjsJwtLibrary } from './nestjs-jwt/hooks.ts';
import { koaJwtLibrary } from './koa-jwt/hooks.ts';
import { expressJwtLibrary } from './express-jwt/hooks.ts';
import { jsonwebtokenLibrary } from './jsonwebtoken/hooks.ts';
import { expressOpenidConnectLibrary } from './express-openid-connect/hooks.ts';
import { joseLibrary } from './jose/hooks.ts';
import type { CreateLibrary, Library } from './library.ts';
import { openidClientLibrary } from './openid-client/hooks.ts';

/** Every library that is observed. Its table is in {@link LIBRARY_VERSIONS} too. */
const LIBRARIES: readonly CreateLibrary[] = [
  expressOpenidConnectLibrary,
  joseLibrary,
  openidClientLibrary,
  jsonwebtokenLibrary,
  expressJwtLibrary,
  koaJwtLibrary,
  nestjsJwtLibrary,
];

/** Makes the hooks of every library. */
export function createLibraries(context: EventContext): Library[] {
  return LIBRARIES.map((create) => create(context));
}
